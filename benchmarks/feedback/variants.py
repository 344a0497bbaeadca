"""What the analysts and the stream are like."""

import msgspec

from floodline.simulation.run import Stream
from floodline.simulation.schedule import Schedule

LABELS = 200
_SHIFT = 0.5


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One way to play every stream.

    Attributes:
        noise: share of the labels that say the opposite.
        delay: review windows until a label is known.
        shift: from the middle on each feature is higher by so many of its deviations.
        often: one label in each so many events, in place of 200 in some forty windows.
    """

    name: str
    noise: float = 0.0
    delay: int = 0
    shift: float = 0.0
    often: int | None = None

    def changed(self, stream: Stream) -> Stream:
        """The stream as it is played."""
        if not self.shift:
            return stream
        rows = stream.rows.copy()
        rows[len(rows) // 2 :] += self.shift * rows.std(axis=0)
        return Stream(rows, stream.real)

    def schedule(self, events: int, warm_up: int) -> Schedule:
        """When labels are given, and how many.

        Raises:
            ValueError: the stream is too short.
        """
        plain = Schedule.of(events, min(LABELS, max(events - warm_up, 1)), warm_up)
        if self.often is None:
            return plain
        windows = (events - warm_up) // self.often
        return Schedule(events=events, warm_up=warm_up, size=self.often, labels=windows)


VARIANTS = {
    each.name: each
    for each in (
        Variant(name="clean"),
        Variant(name="noise_5", noise=0.05),
        Variant(name="noise_20", noise=0.2),
        Variant(name="delay_4", delay=4),
        Variant(name="coins", noise=0.5),
        Variant(name="shift", shift=_SHIFT),
    )
}
OFTEN = Variant(name="often", often=250)
"""Only for streams in time order: there small, frequent reviews matter most."""
