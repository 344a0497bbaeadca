"""Which snapshots are kept."""

from consumer.shelf import Shelf
from floodline.events.messages import Coordinates, Mark

HOUR = 3_600_000


def mark(number: int, timestamp: int) -> Mark:
    """The mark of a snapshot at offset `number`."""
    return Mark(
        detector="pumps",
        coordinates=Coordinates(topic="events", topic_id="T", partition=0, offset=number),
        timestamp=timestamp,
        events=number,
        dead_letters=0,
        state_sha256="s",
        snapshot=f"{number:064x}",
    )


def test_event_times_that_go_back_and_forth_keep_one_snapshot_an_hour() -> None:
    """Two sources with clocks an hour apart do not keep every snapshot there is."""
    shelf = Shelf()
    for number in range(200):
        shelf.add(mark(number, HOUR * (1 + number % 2)))
    assert len(shelf.kept()) == 200 + 2
    assert sum(shelf.add(mark(200 + n, HOUR * (1 + n % 2))) for n in range(10)) == 0
