"""Where the threshold goes next: the policy's aim, within the guard rails."""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.feedback import reasons
from floodline.feedback.evidence import Evidence
from floodline.feedback.policies import Aim, Fixed, Policy, aim
from floodline.feedback.review_estimates import Outlook, outlook

Numbers = NDArray[np.float64]

DAY = 24.0
"""Hours over which one analyst's labels are bounded."""
INTERVAL = 0.9
"""Confidence of the intervals that are told, both sides together."""
_RARE = 30
"""Events whose thresholds stand for a rarity rule's: the newest, or the oldest of a day."""


class GuardRails(msgspec.Struct, frozen=True, kw_only=True):
    """How far and how often the threshold may move; steps are factors on its gap to 1.

    Attributes:
        min_labels: answers that a move needs.
        largest_step: most that one move takes of the gap, as a share in (0, 1); a move down gives
            back at most as much: at .5 the gap at most halves or doubles.
        smallest_step: least that is worth a move, as a share of the gap: the hysteresis.
        cool_down: hours between two moves.
        analyst_step: a threshold's gap differs from the one without the labels of the last day of
            any one analyst by at most this factor, at least 1.
        floor, ceiling: no threshold below or above.
    """

    min_labels: int
    largest_step: float
    smallest_step: float
    cool_down: float
    analyst_step: float
    floor: float
    ceiling: float


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The threshold as it stands.

    Attributes:
        threshold: the score in force; None under a rarity rule.
        a_day_ago: the score then; None under a rarity rule, or where it is not known: what the
            oldest events of the last day were compared with stands in for it.
        moved: hours since the last move; None: it never moved.
        retrained: the release that brought the model in force, where labels began anew; None: the
            first model.
    """

    threshold: float | None
    a_day_ago: float | None
    moved: float | None
    retrained: int | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A look at the labels: move the threshold or hold it, and why.

    Attributes:
        threshold_before: under a rarity rule, what stands in for it; None without any event.
        threshold_after: the threshold to release; the one before where the outcome is `held`.
        aim: where the policy would go without guard rails; None where nothing speaks for any.
        kept: whether the policy surely holds at the aim.
        before: what the threshold before gives.
        after: what the one after gives.
        labels: answers that were looked at.
        rails: the guard rails that changed the outcome, by name.
        reason: in plain words, for the release, the console and the log.
    """

    outcome: Literal["moved", "held"]
    threshold_before: float | None
    threshold_after: float | None
    aim: float | None
    kept: bool
    before: Outlook | None
    after: Outlook | None
    labels: int
    rails: tuple[str, ...]
    reason: str


class Decider(msgspec.Struct, frozen=True, kw_only=True):
    """Policy, guard rails and the confidence of the bound that must meet the target."""

    policy: Policy
    rails: GuardRails
    confidence: float

    def decide(self, evidence: Evidence, standing: Standing) -> Decision:
        """Move the threshold towards what the policy asks for, or hold it.

        The same evidence and standing give the same decision. One analyst is kept from moving it
        far: for each who said something in the last day, the aim is also taken without those
        labels, from the threshold of a day ago, so that moves since then move no bound; where too
        few are left, that threshold stands in for it. The outcome's gap to 1 stays within
        `analyst_step` of each of these; where these lie too far apart for that, the threshold is
        held. A floor or a ceiling that the threshold lies beyond is reached by steps like any aim.
        """
        look = _Look(self, evidence, standing)
        stop = look.too_early()
        if stop is not None:
            return look.held(*stop)
        wanted = aim(look.reviewed, look.start, self.policy, self.confidence)
        if wanted.score is None:
            return look.held(reasons.no_aim(wanted, self.policy))
        return look.railed(wanted.score, wanted)


class _Look:
    def __init__(self, decider: Decider, evidence: Evidence, standing: Standing) -> None:
        self._decider = decider
        self._evidence = evidence
        self._standing = standing
        self.reviewed = evidence.reviewed()
        self._labels = int(np.count_nonzero(~np.isnan(self.reviewed.anomaly)))
        self._before = standing.threshold
        if self._before is None:
            self._before = _compared_with(evidence.chosen.ages, evidence.chosen.thresholds)

    @property
    def start(self) -> float:
        return 1.0 if self._before is None else self._before

    def too_early(self) -> tuple[str, ...] | None:
        rails, moved = self._decider.rails, self._standing.moved
        if isinstance(self._decider.policy, Fixed):
            return (reasons.FIXED,)
        if self._labels < rails.min_labels:
            said = reasons.few_labels(self._labels, rails.min_labels, self._standing.retrained)
            return said, "min_labels"
        if moved is not None and moved < rails.cool_down:
            return reasons.cooling_down(moved * 60, rails.cool_down * 60), "cool_down"
        return None

    def railed(self, after: float, wanted: Aim) -> Decision:
        """The wanted threshold, as far as the guard rails let it go."""
        rails, hit, limits = self._decider.rails, [], []
        bounds = [
            ("analyst_step", *self._analyst_bounds()),
            ("floor and ceiling", rails.floor, rails.ceiling),
            ("largest_step", *self._step_bounds()),
        ]
        for name, low, high in bounds:
            bounded = min(max(after, low), high) if low <= high else self.start
            if bounded != after:
                hit.append(name)
                limits.append(self._limit(name, after, bounded, apart=low > high))
            after = bounded
        # At 1 there is no gap left, so that no step is smaller than its share.
        least = (1 - self.start) * rails.smallest_step
        if after == self.start or abs(after - self.start) < least:
            if after != self.start:
                limits.append(reasons.too_small(least))
            return self._still(wanted, hit, limits)
        reason = reasons.moved(self.start, after, wanted, self._decider.policy, limits)
        return self._decision("moved", after, wanted, tuple(hit), reason)

    def _limit(self, name: str, wanted: float, bound: float, *, apart: bool) -> str:
        if apart:
            return reasons.APART
        if name == "largest_step" and self.start == bound == 1:
            return reasons.AT_ONE
        return reasons.limit(name, wanted, bound)

    def _still(self, wanted: Aim, hit: list[str], limits: list[str]) -> Decision:
        near = not hit and wanted.score != self.start
        rails = ("smallest_step",) if near else tuple(hit)
        reason = reasons.held(
            self.start,
            wanted,
            self._decider.policy,
            limits,
            confidence=self._decider.confidence,
        )
        return self._decision("held", self.start, wanted, rails, reason)

    def _step_bounds(self) -> tuple[float, float]:
        gap, step = 1 - self.start, self._decider.rails.largest_step
        if gap == 0:
            # No step leads away from 1, but a ceiling does.
            return self._decider.rails.ceiling, 1.0
        return 1 - gap / (1 - step), 1 - gap * (1 - step)

    def _analyst_bounds(self) -> tuple[float, float]:
        """Lowest and highest threshold that no one analyst's last day is answerable for."""
        decider, low, high = self._decider, 0.0, 1.0
        past = self._a_day_ago()
        for analyst in self._evidence.recent_analysts(DAY):
            reference = self._without(self._evidence.without(analyst, DAY), past)
            gap = 1 - reference
            low = max(low, 1 - gap * decider.rails.analyst_step)
            high = min(high, 1 - gap / decider.rails.analyst_step)
        return low, high

    def _without(self, evidence: Evidence, past: float) -> float:
        reviewed = evidence.judged_in(self.reviewed)
        if int(np.count_nonzero(~np.isnan(reviewed.anomaly))) < self._decider.rails.min_labels:
            return past
        found = aim(reviewed, past, self._decider.policy, self._decider.confidence)
        return past if found.score is None else found.score

    def _a_day_ago(self) -> float:
        if self._standing.a_day_ago is not None:
            return self._standing.a_day_ago
        chosen = self._evidence.chosen
        lately = chosen.ages <= DAY
        past = _compared_with(-chosen.ages[lately], chosen.thresholds[lately])
        return self.start if past is None else past

    def held(self, reason: str, *rails: str) -> Decision:
        nothing = Aim(score=None, kept=False, ground="unanswered")
        return self._decision("held", self._before, nothing, rails, f"held: {reason}")

    def _decision(
        self,
        outcome: Literal["moved", "held"],
        after: float | None,
        wanted: Aim,
        rails: tuple[str, ...],
        reason: str,
    ) -> Decision:
        before = None if self._before is None else outlook(self.reviewed, self._before, INTERVAL)
        then = before
        if after is not None and after != self._before:
            then = outlook(self.reviewed, after, INTERVAL)
        return Decision(
            outcome=outcome,
            threshold_before=self._before,
            threshold_after=after,
            aim=wanted.score,
            kept=wanted.kept,
            before=before,
            after=then,
            labels=self._labels,
            rails=rails,
            reason=reason,
        )


def _compared_with(order: Numbers, thresholds: Numbers) -> float | None:
    """What the first few events in an order were compared with; None without any."""
    first = thresholds[np.argsort(order, kind="stable")[:_RARE]]
    return float(np.median(first)) if first.size else None
