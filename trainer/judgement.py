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

POLICY_AT = "policy_at"
"""Among a look's figures: when people changed the policy last, before it."""
WATCH = "watch"
"""Among them: whether the promise holds on live alerts."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A look at the evidence.

    Attributes:
        policy: the one that people set, or the configured one.
        decision: what follows from it; held where the threshold is frozen.
        new_policy: whether people changed the policy since the look before.
        watch: whether the promise holds on what came since; None where there is none to test.
    """

    evidence: Evidence
    controls: Controls
    policy: Policy
    decision: Decision
    new_policy: bool
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
        decision, changed = self.decision, self.controls.policy_at
        return {
            "threshold_before": decision.threshold_before,
            "threshold_after": decision.threshold_after,
            "labels": decision.labels,
            "policy": msgspec.to_builtins(self.policy),
            POLICY_AT: None if changed is None else changed.isoformat(),
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

    A policy that people have just changed does not wait for the cool-down.
    """
    section, detector = configuration.threshold, configuration.detector.name
    found = controls.get(session, detector)
    policy = found.policy or section.configured_policy
    changed = policy_is_new(session, detector, found)
    standing = threshold_state.standing(session, detector, now, configuration.initial_rule)
    if changed:
        standing = msgspec.structs.replace(standing, moved=None)
    evidence = evidence_of(session, configuration, now)
    decider = Decider(policy=policy, rails=section.rails, confidence=section.confidence)
    return Judgement(
        evidence=evidence,
        controls=found,
        policy=policy,
        decision=_decided(decider, evidence, standing, found),
        new_policy=changed,
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
    """Whether people changed the policy since the last look that was noted.

    By what that look says of it, not by times: clocks of two machines differ.
    """
    if found.policy_at is None:
        return False
    last = recalibrations.newest(session, detector)
    return last is None or last.figures.get(POLICY_AT) != found.policy_at.isoformat()


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
