"""Precision by segment, as people read it."""

from typing import TYPE_CHECKING

from cli.outlook_words import share_words

if TYPE_CHECKING:
    from feedback_api.representations.segments import Segment, Segments


def segment_lines(found: "Segments") -> list[str]:
    """What the answers tell of the segments, then a line for each."""
    at = "" if found.threshold is None else f" at threshold {found.threshold:.4f}"
    lines = [f"{found.detector}: precision by entity{at}", f"  {found.reason}"]
    if found.segments:
        lines.append(f"  {'alerts':>7}  {'answers':>7}  {'precision':20}  {'borrowed':>8}  entity")
    lines += [_line(each) for each in found.segments]
    hidden = found.total - len(found.segments)
    if hidden > 0:
        lines.append(f"  and {hidden:,} with fewer alerts; --limit shows more")
    if any(each.borrowed is not None for each in found.segments):
        lines.append(
            f"  {found.confidence:.0%} intervals; borrowed: the part of an estimate that comes "
            "from the other segments"
        )
    return lines


def _line(each: "Segment") -> str:
    borrowed = "-" if each.borrowed is None else f"{each.borrowed:.0%}"
    return (
        f"  {each.alerts:7,}  {each.answers:7,}  {share_words(each.precision):20}  {borrowed:>8}  "
        f"{_plain(each.entity)}"
    )


def _plain(entity: str | None) -> str:
    """Without what a terminal would act on: names come from events."""
    if entity is None:
        return "(none named)"
    return "".join(each if each.isprintable() else "?" for each in entity)
