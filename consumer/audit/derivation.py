"""A partition's model led along the log again, under the releases that were recorded."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from consumer.records import Batch
from consumer.release_contents import ReleaseContents
from consumer.task import Task
from floodline.errors import ConfigurationError, StateRefused
from floodline.events.messages import Change


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing that is not as the log gives it.

    Attributes:
        what: `alert`, `sample`, `dead_letter`, `mark`, `release`, `state` or `count`.
        problem: `altered`, `missing`, `twice` or `not_derived`.
        offset: of the event; of a mark or a state the first event that it does not know.
        where: the message that differs: topic, partition and offset; None where there is none.
        field: the first field that differs.
        expected: what the log gives there.
        found: what was published there.
        note: what else may explain it, or None.
    """

    what: str
    problem: str
    offset: int
    where: str | None = None
    field: str | None = None
    expected: Any = None
    found: Any = None
    note: str | None = None


class Check(msgspec.Struct, frozen=True):
    """What must hold of the task before the event at `offset`, or the difference."""

    offset: int
    compare: Callable[[Task], Difference | None]
    of_mark: bool = False


class Derivation:
    """One life's task on its way: installs what took effect, checks what was said of its state."""

    def __init__(
        self,
        task: Task,
        changes: Sequence[Change],
        checks: Sequence[Check],
        contents: ReleaseContents,
    ) -> None:
        self.task = task
        self.marks = 0
        self._changes = list(changes)
        self._checks = sorted(checks, key=lambda check: check.offset)
        self._contents = contents

    def arrive(self, offset: int) -> Difference | None:
        """Do all that is due before the event at `offset`; the first difference.

        Raises:
            ConfigurationError: the model of a release, or its weights, are not in the store.
        """
        while (stop := self.stop()) is not None and stop <= offset:
            difference = self._pass(stop)
            if difference is not None:
                return difference
        return None

    def stop(self) -> int | None:
        """The offset where something is due next."""
        due = [each.coordinates.offset for each in self._changes[:1]]
        due += [each.offset for each in self._checks[:1]]
        return min(due, default=None)

    def split(self, batch: Batch, *before: int) -> tuple[Batch, Batch]:
        """The records up to where something is due next, or up to these offsets; and the rest."""
        first, stop = batch.offsets[0], self.stop()
        stops = before if stop is None else (*before, stop)
        held = min([len(batch), *(batch.before(each) for each in stops if each > first)])
        return batch.cut(0, held), batch.cut(held, len(batch))

    def _pass(self, stop: int) -> Difference | None:
        """At an offset that has both, the state may have been said before a change or after it."""
        task = self.task
        task.offset = max(task.offset, stop)
        due = [check for check in self._checks if check.offset <= stop]
        self._checks = self._checks[len(due) :]
        self.marks += sum(check.of_mark for check in due)
        differing = _differing(due, task)
        while self._changes and self._changes[0].coordinates.offset <= stop:
            self._install(self._changes.pop(0))
            differing = _differing([check for check, _ in differing], task)
        return differing[0][1] if differing else None

    def _install(self, change: Change) -> None:
        release = change.release
        try:
            found = self._contents.of(release, self.task.release)
            self.task.install(release, found.model, found.weights)
        except StateRefused as error:
            raise ConfigurationError(
                f"partition {self.task.partition}: release {release.number}, in force from offset "
                f"{change.coordinates.offset} on, has a model or weights that cannot be had: "
                f"{error}; restore them, or take a range behind a later snapshot by --from"
            ) from error


def _differing(checks: Sequence[Check], task: Task) -> list[tuple[Check, Difference]]:
    compared = [(check, check.compare(task)) for check in checks]
    return [(check, difference) for check, difference in compared if difference is not None]
