"""What marks and the committed checkpoint say of a state, as checks of a derivation."""

from collections.abc import Iterable

import msgspec

from consumer.derivation import Check, Difference
from consumer.ports import Position
from consumer.task import Task
from floodline.events.messages import Mark

_COUNTED = ("events", "dead_letters", "release")


def mark_checks(marks: Iterable[Mark]) -> list[Check]:
    """Each mark must be what the derived state says of itself."""
    return [_mark_check(mark) for mark in marks]


def _mark_check(mark: Mark) -> Check:
    offset = mark.coordinates.offset

    def compare(task: Task) -> Difference | None:
        _, derived = task.snapshot()
        for name in Mark.__struct_fields__:
            ours, theirs = getattr(derived, name), getattr(mark, name)
            if ours != theirs:
                return Difference(
                    what="mark",
                    problem="altered",
                    offset=offset,
                    field=name,
                    expected=msgspec.to_builtins(ours),
                    found=msgspec.to_builtins(theirs),
                )
        return None

    return Check(offset, compare, of_mark=True)


def checkpoint_checks(committed: Position, start: int, end: int) -> list[Check]:
    """What is committed with the offset: a state's hash, and the counts at the offset itself."""
    checkpoint = committed.checkpoint
    checks: list[Check] = []
    if checkpoint is None:
        return checks
    if checkpoint.state is not None and start <= checkpoint.state[0] <= end:
        checks.append(_state_check(*checkpoint.state))
    if end == committed.offset:
        wanted = {name: getattr(checkpoint, name) for name in _COUNTED}
        checks.append(_count_check(end, wanted))
    return checks


def _state_check(offset: int, expected: str) -> Check:
    def compare(task: Task) -> Difference | None:
        derived = task.scorer.state_hash()
        if derived == expected:
            return None
        return Difference(
            what="state",
            problem="altered",
            offset=offset,
            field="checkpoint.state",
            expected=derived,
            found=expected,
        )

    return Check(offset, compare)


def _count_check(offset: int, wanted: dict[str, int]) -> Check:
    def compare(task: Task) -> Difference | None:
        derived = task.checkpoint()
        for name, found in wanted.items():
            if getattr(derived, name) != found:
                return Difference(
                    what="count",
                    problem="altered",
                    offset=offset,
                    field=f"checkpoint.{name}",
                    expected=getattr(derived, name),
                    found=found,
                )
        return None

    return Check(offset, compare)
