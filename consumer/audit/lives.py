"""A partition's models one after the other, as the changes topic tells of them."""

from collections.abc import Sequence

import msgspec

from floodline.events.messages import Change, Mark


class Life(msgspec.Struct, frozen=True):
    """One model from its beginning on.

    Attributes:
        begin: the first event that it scored.
        changes: what took effect in it, in order; the first one began it.
        marks: its states that were said, in order.
    """

    begin: int
    changes: list[Change]
    marks: list[Mark]


class Segment(msgspec.Struct, frozen=True):
    """The offsets start <= offset < end, and the life that scored them last."""

    life: Life
    start: int
    end: int


def lives(said: Sequence[Change | Mark]) -> list[Life]:
    """The models in the order in which they began; what was said before the first is left out."""
    found: list[Life] = []
    for each in said:
        if isinstance(each, Change) and each.fresh:
            found.append(Life(each.coordinates.offset, [each], []))
        elif found and isinstance(each, Change):
            found[-1].changes.append(each)
        elif found and isinstance(each, Mark):
            found[-1].marks.append(each)
    return found


def segments(found: Sequence[Life], start: int, end: int) -> list[Segment]:
    """The range by the lives that hold: each up to where a later one began.

    Offsets before the first life belong to nobody and are left out.
    """
    parts: list[Segment] = []
    reached = end
    for life in reversed(found):
        first = max(life.begin, start)
        if first < reached:
            parts.append(Segment(life, first, reached))
        reached = min(reached, life.begin)
    return parts[::-1]


def earlier(found: Sequence[Life], segment: Segment) -> list[Life]:
    """Lives that may have scored the segment's offsets before, the latest first."""
    place = next(at for at, life in enumerate(found) if life is segment.life)
    before = found[:place]
    return [life for life in reversed(before) if life.begin < segment.end]
