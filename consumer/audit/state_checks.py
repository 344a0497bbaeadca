"""What marks, changes and the committed checkpoint say, as checks of a derivation."""

from collections.abc import Iterable, Mapping

import msgspec

from consumer.audit.derivation import Check, Difference
from consumer.ports import Position
from consumer.task import Task
from floodline.events.messages import Change, Mark, Release

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


def release_checks(changes: Iterable[Change], releases: Mapping[int, Release]) -> list[Check]:
    """Each release that took effect must be the one that was published under its number.

    Release 0 is the configuration's, and is nowhere else.
    """
    checks = []
    for change in changes:
        published = releases.get(change.release.number)
        if published is not None and change.release.number:
            checks.append(_release_check(change, published))
    return checks


def _release_check(change: Change, published: Release) -> Check:
    offset, taken = change.coordinates.offset, change.release
    if change.fresh and published.model is None:
        # A model that began anew with a history of its own is named by the change alone.
        taken = msgspec.structs.replace(taken, model=None)
    differing = [
        name
        for name in Release.__struct_fields__
        if getattr(taken, name) != getattr(published, name)
    ]

    def compare(task: Task) -> Difference | None:
        del task
        if not differing:
            return None
        return Difference(
            what="release",
            problem="altered",
            offset=offset,
            field=differing[0],
            expected=msgspec.to_builtins(getattr(published, differing[0])),
            found=msgspec.to_builtins(getattr(taken, differing[0])),
        )

    return Check(offset, compare)


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
