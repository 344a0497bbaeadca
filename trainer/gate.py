"""Whether a retrained model may replace the one in force."""

from collections.abc import Sequence

import msgspec

from trainer.evaluation import Case, average_precision, new_scores, published_scores, truth

MARGIN = 0.05
"""Average precision that the new model may lose on the labelled held-out events."""
LEAST_CASES = 10
"""Labelled held-out events below which nothing can be said."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The gate's answer; the average precisions are None where the labels don't give any."""

    publish: bool
    reason: str
    challenger: float | None
    champion: float | None


def judge(all_cases: Sequence[Case], least_labels: int) -> Judgement:
    """Publish unless the labels are too few or the new model is clearly worse.

    Both are judged on the labelled held-out events: the new model by the scores that it gave
    before it learnt them, the champion by the scores that it published. All of these are alerts of
    the champion, so the new model is not judged on what the champion missed.
    """
    held_out = [case for case in all_cases if case.held_out]
    real = truth(held_out)
    challenger = average_precision(real, new_scores(held_out))
    champion = average_precision(real, published_scores(held_out))
    if len(all_cases) < least_labels:
        reason = f"{len(all_cases)} labelled events in the range; {least_labels} are needed"
    elif len(held_out) < LEAST_CASES:
        reason = f"{len(held_out)} labelled events in the held-out part; {LEAST_CASES} are needed"
    elif challenger is None or champion is None:
        reason = "the labels in the held-out part are all alike: no comparison"
    else:
        said = f"average precision {challenger:.3f} on {len(held_out)} labelled held-out events"
        better = challenger >= champion - MARGIN
        against = f"the one in force had {champion:.3f} (margin {MARGIN})"
        word = "not clearly worse" if better else "clearly worse"
        reason = f"{said}, {against}: {word}"
        return Judgement(publish=better, reason=reason, challenger=challenger, champion=champion)
    return Judgement(publish=False, reason=reason, challenger=challenger, champion=champion)
