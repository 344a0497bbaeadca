"""What the policy in force says of the threshold now."""

from datetime import datetime
from typing import Any

import msgspec
import numpy as np
from sqlalchemy.orm import Session

from floodline.configuration.sections import Configuration
from floodline.feedback.decision import Decider, Decision, Standing
from floodline.feedback.evidence import Evidence
from floodline.feedback.policies import Policy
from floodline.feedback.promise import Watch
from floodline.storage import (
    controls,
    evidence_rows,
    promise_watch,
    recalibrations,
    releases,
    threshold_state,
)
from floodline.storage.controls import Controls
from floodline.storage.moves import POLICY_AT

WATCH = "watch"
"""Among a look's figures: whether the promise holds on live alerts."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A look at the evidence.

    Attributes:
        policy: the one that people set, or the configured one.
        decision: what follows from it; held where the threshold is frozen.
        policy_at: when people had changed the policy that was applied last, as JSON; None: never.
        watch: whether the promise holds on what came since; None where there is none to test.
    """

    evidence: Evidence
    controls: Controls
    policy: Policy
    decision: Decision
    policy_at: str | None
    watch: Watch | None

    @property
    def labelled_precision(self) -> float | None:
        """The plain share of real ones among the labelled events at the threshold or above."""
        at, reviewed = self.decision.threshold_before, self.evidence.reviewed()
        if at is None:
            return None
        said = reviewed.anomaly[(reviewed.scores >= at) & ~np.isnan(reviewed.anomaly)]
        return float(said.mean()) if said.size else None

    def figures(self) -> dict[str, Any]:
        """The numbers as JSON."""
        decision = self.decision
        return {
            "threshold_before": decision.threshold_before,
            "threshold_after": decision.threshold_after,
            "labels": decision.labels,
            "policy": msgspec.to_builtins(self.policy),
            POLICY_AT: self.policy_at,
            "aim": decision.aim,
            "kept": decision.kept,
            "rails": list(decision.rails),
            "outlook_before": msgspec.to_builtins(decision.before),
            "outlook_after": msgspec.to_builtins(decision.after),
            WATCH: msgspec.to_builtins(self.watch),
        }


def evidence_of(session: Session, configuration: Configuration, now: datetime) -> Evidence:
    """Alerts and samples of the model in force with their labels, as far back as is looked."""
    section, detector = configuration.threshold, configuration.detector.name
    return evidence_rows.recent(
        session,
        detector,
        now=now,
        hours=section.look_back_hours,
        since_release=releases.model_number(session, detector),
        initial_rule=configuration.initial_rule,
        initial_sampling=configuration.review.initial_sampling,
        half_life=section.half_life_hours,
    )


def judged(session: Session, configuration: Configuration, now: datetime) -> Judgement:
    """What the policy in force says of the threshold now.

    A policy that people have just changed does not wait for the cool-down. One that was changed
    while the threshold was frozen is applied once it may move again.
    """
    section, detector = configuration.threshold, configuration.detector.name
    found = controls.get(session, detector)
    policy = found.policy or section.configured_policy
    applied, asked = _applied(session, detector), _policy_at(found)
    standing = threshold_state.standing(session, detector, now, configuration.initial_rule)
    if asked not in (None, applied):
        standing = msgspec.structs.replace(standing, moved=None)
    evidence = evidence_of(session, configuration, now)
    decider = Decider(policy=policy, rails=section.rails, confidence=section.confidence)
    return Judgement(
        evidence=evidence,
        controls=found,
        policy=policy,
        decision=_decided(decider, evidence, standing, found),
        policy_at=applied if found.frozen else asked,
        watch=_watched(session, configuration, evidence, policy, now),
    )


def _watched(
    session: Session,
    configuration: Configuration,
    evidence: Evidence,
    policy: Policy,
    now: datetime,
) -> Watch | None:
    """Whether the promise holds under the threshold in force; before any release there is none."""
    section, detector = configuration.threshold, configuration.detector.name
    _, number = threshold_state.in_force(session, detector, configuration.initial_rule)
    return promise_watch.watched(
        evidence,
        releases.get(session, detector, number),
        policy,
        now=now,
        confidence=section.confidence,
        look_back_hours=section.look_back_hours,
    )


def policy_is_new(session: Session, detector: str, found: Controls) -> bool:
    """Whether people changed the policy since the last look that could apply it."""
    asked = _policy_at(found)
    return asked is not None and asked != _applied(session, detector)


def _applied(session: Session, detector: str) -> str | None:
    """The change that was applied last, as the last look says: clocks of two machines differ."""
    last = recalibrations.newest(session, detector)
    return None if last is None else last.figures.get(POLICY_AT)


def _policy_at(found: Controls) -> str | None:
    return None if found.policy_at is None else found.policy_at.isoformat()


def _decided(decider: Decider, evidence: Evidence, standing: Standing, found: Controls) -> Decision:
    decision = decider.decide(evidence, standing)
    if found.frozen_at is None:
        return decision
    since = found.frozen_at.isoformat(timespec="minutes")
    return msgspec.structs.replace(
        decision,
        outcome="held",
        threshold_after=decision.threshold_before,
        after=decision.before,
        rails=("frozen",),
        reason=f"held: frozen by {found.frozen_by} since {since}: {found.frozen_reason}",
    )
