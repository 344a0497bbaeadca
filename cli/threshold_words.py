"""The threshold, its previews and its moves, as people read them."""

from typing import TYPE_CHECKING

from cli.outlook_words import foreseen

if TYPE_CHECKING:
    from feedback_api.representations.moves import Move
    from feedback_api.representations.previews import Difference, NamedEvent, Preview
    from feedback_api.representations.threshold import Threshold

_PROGRAM = "trainer"
"""Who decides on a move that needs no consent: its state says it all."""
_NAMED = 5
"""Events that are named of those gained or lost; --json has more."""


def threshold_lines(found: "Threshold") -> list[str]:
    """What is in force, why, what it gives, and what comes next."""
    lines = [f"{found.detector}: threshold {_score(found)}, {_origin(found)}"]
    if found.reason:
        lines.append(f"  why: {_plain(found.reason)}")
    set_by = "configured" if found.policy.configured else f"set by {found.policy.set_by}"
    lines.append(f"  policy: {found.policy.words} ({set_by})")
    if found.frozen is not None:
        since = found.frozen.at.isoformat(timespec="minutes")
        lines.append(f"  frozen by {found.frozen.by} since {since}: {found.frozen.reason}")
    if found.new_model is not None:
        lines.append(f"  model: {_plain(found.new_model.text)}")
    if found.outlook is None:
        lines.append("  gives: unknown, there was no alert and no sample yet")
    else:
        lines.append(f"  gives: {foreseen(found.outlook)}")
    if found.watch is not None:
        state = found.watch.state.replace("_", " ")
        lines.append(f"  promise since then: {state}; {found.watch.reason}")
    lines.append(f"  next: {'nothing, it is frozen' if found.frozen else found.aim.reason}")
    if found.waiting.proposed or found.waiting.approved:
        lines.append(
            f"  moves that wait: {found.waiting.proposed} for consent, "
            f"{found.waiting.approved} for the trainer; `floodline threshold moves` lists them"
        )
    return lines


def _score(found: "Threshold") -> str:
    if found.rule.score is not None:
        return f"{found.rule.score:.4f}"
    stands_in = "" if found.threshold is None else f", now about {found.threshold:.4f}"
    return f"by rarity, the rarest {found.rule.rarity:.3%} of the events{stands_in}"


def _origin(found: "Threshold") -> str:
    if not found.release or found.made_at is None:
        return "as configured; no release has set it yet"
    when = found.made_at.isoformat(timespec="seconds")
    return f"release {found.release} by {found.made_by} at {when}"


def preview_lines(found: "Preview") -> list[str]:
    """Both thresholds, and the events by which they differ."""
    lines = []
    days = (found.alerts_a_day_now, found.alerts_a_day_then)
    for name, outlook, a_day in zip(("now", "then"), (found.now, found.then), days, strict=True):
        daily = "unknown" if a_day is None else f"{a_day:,.1f}"
        lines.append(
            f"{name + ',':5} at {outlook.threshold:.4f}: {daily} alerts a day, {foreseen(outlook)}"
        )
    for name, part in (("gained", found.gained), ("lost", found.lost)):
        lines += _difference_lines(name, part)
    return lines


def _difference_lines(name: str, part: "Difference") -> list[str]:
    if not part.events:
        return [f"alerts {name}: none"]
    head = (
        f"alerts {name}: about {part.events:,.0f}, of them {part.real:,.0f} real, "
        f"{part.false:,.0f} false, {part.unanswered:,.0f} unanswered"
    )
    return [head, *(_event_line(event) for event in part.top[:_NAMED])]


def _event_line(event: "NamedEvent") -> str:
    verdict, entity = event.verdict or "unanswered", _plain(event.entity or "-")
    return f"  {event.score:.4f}  {verdict:12}  {entity}  {_plain(event.id)}"


def _plain(text: str) -> str:
    """Without what a terminal would act on: names come from events."""
    return "".join(each if each.isprintable() else "?" for each in text)


def move_line(move: "Move") -> str:
    """One move in a list."""
    when = move.created_at.isoformat(timespec="seconds")
    after = "by rarity" if move.threshold_after is None else f"{move.threshold_after:.4f}"
    by = _plain(move.made_by)
    if move.decided_by not in (None, move.made_by, _PROGRAM):
        by += f", decided by {_plain(move.decided_by)}"
    reason = _plain(move.reason if move.note is None else f"{move.reason} ({move.note})")
    return f"{move.id}  {when}  {move.kind:6}  {move.state:9}  {after:>9}  {by}: {reason}"


def asked_line(move: "Move") -> str:
    """What becomes of a move that was just asked for, or decided on."""
    if move.state == "approved":
        return f"move {move.id} is approved: `floodline train` releases it within seconds"
    if move.state == "proposed":
        return (
            f"move {move.id} is proposed: a second person must consent, by "
            f"`floodline threshold approve {move.id}`"
        )
    return f"move {move.id} is {move.state}"
