"""What the answers on one event changed."""

import msgspec
import numpy as np

from floodline.feedback.decision import Decider, Decision, Standing
from floodline.feedback.evidence import Evidence
from floodline.feedback.review_estimates import Estimate, Outlook

_SAME = 5e-5
"""Thresholds that are nearer to each other than this are told alike."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Estimates and the next move, with the answers on one event and as if there were none.

    Attributes:
        answers: current answers on the event, one an analyst.
        without: the decision without them; its `before` is what the threshold in force gave.
        now: the decision with them.
        text: the difference in one sentence.
    """

    answers: int
    without: Decision
    now: Decision
    text: str

    @property
    def moves(self) -> bool:
        """Whether the answers change where the threshold goes next."""
        return not _alike(self.without, self.now)


def receipt(
    evidence: Evidence, item: int, standing: Standing, decider: Decider, *, frozen: bool = False
) -> Receipt:
    """What the answers on one event changed in the estimates, and in the threshold's next move.

    Two decisions on the same events: one with all answers, one without those on this event. A
    single answer also changes what the others of its cell stand for, so recall can move with an
    answer above the threshold.

    Args:
        evidence: what was chosen and said up to now.
        item: index of the event among those chosen.
        standing: the threshold as it stands.
        decider: policy and guard rails.
        frozen: no move is made, whatever the labels say.

    Raises:
        ValueError: there is no such event.
    """
    if not 0 <= item < evidence.chosen.scores.size:
        raise ValueError(f"event {item} is not among the {evidence.chosen.scores.size} chosen")
    theirs = evidence.answers.items == item
    count = int(np.count_nonzero(theirs))
    now = decider.decide(evidence, standing)
    without = now
    if count:
        answers = evidence.answers.where(~theirs)
        without = decider.decide(msgspec.structs.replace(evidence, answers=answers), standing)
    text = "Nobody has answered this event, so it changes nothing."
    if count:
        above = bool(evidence.chosen.scores[item] >= _threshold(now))
        said = "this answer" if count == 1 else f"these {count} answers"
        found = _estimated(without, now, above=above)
        text = f"With {said} {found}; {_moved(without, now, frozen=frozen)}."
    return Receipt(answers=count, without=without, now=now, text=text)


def _threshold(decision: Decision) -> float:
    return 1.0 if decision.threshold_before is None else decision.threshold_before


def _estimated(without: Decision, now: Decision, *, above: bool) -> str:
    """Precision is told of an alert, recall of what lies below the threshold."""
    name = "precision" if above else "recall"
    before, after = (_share(each.before, above=above) for each in (without, now))
    place = f"the {name} at {_threshold(now):.4f}"
    return f"{place} stays {after}" if before == after else f"{place} goes from {before} to {after}"


def _share(found: Outlook | None, *, above: bool) -> str:
    if found is None:
        return "unknown"
    share: Estimate = found.precision if above else found.recall
    if share.value is None:
        return "unknown"
    return f"{share.value:.1%} ({share.lower:.1%} to {share.upper:.1%})"


def _moved(without: Decision, now: Decision, *, frozen: bool) -> str:
    if frozen:
        return "the threshold is frozen and stays"
    if not _alike(without, now):
        return f"the threshold will be {_outcome(now)}, not {_outcome(without)}"
    if now.outcome == "held":
        return f"the threshold is {_outcome(now)} as before"
    return f"the threshold will be {_outcome(now)}, as without it"


def _outcome(decision: Decision) -> str:
    if decision.outcome == "held" or decision.threshold_after is None:
        return f"held at {_threshold(decision):.4f}"
    raised = decision.threshold_after > _threshold(decision)
    return f"{'raised' if raised else 'lowered'} to {decision.threshold_after:.4f}"


def _alike(one: Decision, other: Decision) -> bool:
    if one.outcome != other.outcome or one.outcome == "held":
        return one.outcome == other.outcome
    ends = [1.0 if each.threshold_after is None else each.threshold_after for each in (one, other)]
    return abs(ends[0] - ends[1]) < _SAME
