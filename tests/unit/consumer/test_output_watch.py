"""The watch over what readers of our topics can see."""

import threading

from consumer.output_watch import OutputWatch
from floodline.errors import DependencyDown


def test_it_tells_what_it_sees_and_outlives_an_absent_kafka() -> None:
    """A look that fails is said and tried again; what a later look finds is told."""
    seen: list[tuple[str, int]] = []
    told = threading.Event()
    away = iter([True, False])
    found = iter([{"gauge.alerts": 7, "gauge.changes": 0}])

    def look() -> dict[str, int]:
        if next(away, False):
            raise DependencyDown("away")
        return next(found, {})

    def tell(topic: str, records: int) -> None:
        seen.append((topic, records))
        if len(seen) == 2:
            told.set()

    watch = OutputWatch(look, tell, seconds=0.001)
    assert told.wait(5)
    watch.close()
    assert seen == [("gauge.alerts", 7), ("gauge.changes", 0)]
