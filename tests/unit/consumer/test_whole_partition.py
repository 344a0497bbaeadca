"""Reading a partition to its end, whatever transactions are open in it."""

from collections.abc import Callable

import pytest

from consumer.adapters.whole_partition import records_before
from consumer.records import Batch, Record
from floodline.errors import DependencyDown

Step = tuple[list[int], int | None]
"""Offsets of records that come, and the place where no more are shown."""


class Script:
    """Gives what was written down, then nothing more; each look takes a second."""

    def __init__(self, *steps: Step) -> None:
        self.position = 0
        self.seconds = 0.0
        self._steps = list(steps)

    def now(self) -> float:
        """The seconds so far."""
        return self.seconds

    def read(self, limit: int, seconds: float) -> tuple[list[Batch], bool]:
        """The next step."""
        assert limit
        assert seconds
        self.seconds += 1
        offsets, shown_to = self._steps.pop(0) if self._steps else ([], None)
        self.position = max([self.position, shown_to or 0, *(each + 1 for each in offsets)])
        records = [Record(3, offset, -1, None, b"", []) for offset in offsets]
        return ([Batch.of(records)] if records else []), shown_to is not None


def read(script: Script, end: int) -> list[int]:
    """The offsets that are read, with a patience of 15 seconds."""
    found = records_before(end, script, 15.0, script.now, "t, partition 3")
    return [record.offset for record in found]


NOTHING: Step = ([], None)


@pytest.mark.parametrize(
    "script",
    [
        lambda: Script(([0, 1, 2, 3, 4], None)),
        lambda: Script(([0, 1], None), ([2, 3, 4], 5)),
        lambda: Script(([0, 1], 2), *[NOTHING] * 9, ([2, 3, 4], None)),
        lambda: Script(([], 0), NOTHING, ([0, 1], 2), NOTHING, ([2, 3], None), ([4], None)),
    ],
)
def test_what_an_open_transaction_hid_is_read_once_it_ends(script: Callable[[], Script]) -> None:
    """All before the end is read, be it shown at once or after a wait."""
    assert read(script(), 5) == [0, 1, 2, 3, 4]


def test_an_end_behind_markers_and_aborted_records_is_reached() -> None:
    """Where nothing that counts lies before the end, the end is where no more is shown."""
    assert read(Script(([0, 1], None), NOTHING, ([], 9)), 9) == [0, 1]
    assert read(Script(([], 9)), 9) == []
    empty = Script()
    assert read(empty, 0) == []
    assert empty.seconds == 0


def test_a_transaction_that_stays_open_is_named() -> None:
    """The wait has an end: what is told then is where it stood, and that it is a transaction."""
    script = Script(([0, 1], 2))
    with pytest.raises(DependencyDown, match=r"t, partition 3: an open transaction .* 2 to 5"):
        read(script, 5)
    assert script.seconds == 17


def test_one_transaction_after_the_other_does_not_prolong_the_wait() -> None:
    """The patience counts from the first, and records that come late in it are no reason to end."""
    steps: list[Step] = [([offset], offset + 1) for offset in range(30)]
    script = Script(*steps)
    with pytest.raises(DependencyDown, match="open transaction"):
        read(script, 100)
    assert script.seconds == 17
    late = Script(([], 0), *[NOTHING] * 13, *[([offset], None) for offset in range(5)])
    assert read(late, 5) == [0, 1, 2, 3, 4]


def test_silence_is_told_apart_from_a_transaction() -> None:
    """A Kafka that gives neither records nor an end is no transaction."""
    script = Script(([0, 1], None))
    with pytest.raises(DependencyDown, match="t, partition 3: Kafka gave neither"):
        read(script, 5)
    assert script.seconds == 62
