"""Reading the threshold: what is in force, what it gives, where its policy would put it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from feedback_api.representations.moves import Rule
from feedback_api.representations.outlooks import Outlook
from feedback_api.representations.policies import PolicyInForce
from feedback_api.representations.threshold import (
    Aim,
    Freeze,
    NewModel,
    PromiseWatch,
    Threshold,
    Waiting,
)
from feedback_api.use_cases.footing import Footing
from floodline.detection.threshold_rule import ThresholdRule
from floodline.feedback.decision import Decider, Decision, Standing
from floodline.feedback.evidence import Evidence
from floodline.feedback.policies import Fixed, Policy
from floodline.feedback.promise import Watch
from floodline.storage import controls, evidence_rows, moves, releases, threshold_state
from floodline.storage.controls import Controls
from floodline.storage.evidence_rows import Gathered
from floodline.storage.moves import MoveState
from floodline.storage.promise_watch import watched
from floodline.storage.tables import ReleaseRow

_MOST_WAITING = 1_000


@dataclass(frozen=True, kw_only=True)
class ThresholdState:
    """The threshold as it stands.

    Attributes:
        release: the one that set the rule; None before any.
        retrain: the one that brought the model in force; None before any.
        decision: what the policy says of it now.
        watch: whether its promise holds on live alerts; None where there is none to test.
        proposed: moves that wait for consent.
        approved: moves that wait for the trainer.
    """

    rule: ThresholdRule
    release: ReleaseRow | None
    retrain: ReleaseRow | None
    controls: Controls
    policy: Policy
    decision: Decision
    watch: Watch | None
    proposed: int
    approved: int


def read_state(session: Session, footing: Footing, found: Gathered | None = None) -> ThresholdState:
    """The threshold, and what its policy would do next; `found` as `whole` gathers it."""
    detector = footing.detector
    rule, number = threshold_state.in_force(session, detector, footing.initial_rule)
    set_by_people = controls.get(session, detector)
    policy = set_by_people.policy or footing.section.configured_policy
    seen = (found or whole(session, footing)).evidence
    release = releases.get(session, detector, number)
    return ThresholdState(
        rule=rule,
        release=release,
        retrain=releases.get(session, detector, releases.model_number(session, detector)),
        controls=set_by_people,
        policy=policy,
        decision=decider_of(footing, policy).decide(seen, standing_of(session, footing)),
        watch=watched(
            seen,
            release,
            policy,
            now=footing.now,
            confidence=footing.section.confidence,
            look_back_hours=footing.section.look_back_hours,
        ),
        proposed=len(moves.listed(session, detector, _MOST_WAITING, MoveState.PROPOSED)),
        approved=len(moves.waiting(session, detector)),
    )


def read_threshold(session: Session, footing: Footing, found: Gathered | None = None) -> Threshold:
    """The same as JSON."""
    state = read_state(session, footing, found)
    release, decision = state.release, state.decision
    return Threshold(
        detector=footing.detector,
        rule=Rule(score=state.rule.score, rarity=state.rule.rarity),
        threshold=decision.threshold_before,
        provisional=state.rule.score is None,
        release=0 if release is None else release.number,
        made_by=None if release is None else release.made_by,
        made_at=None if release is None else release.created_at,
        reason=None if release is None else release.reason,
        policy=PolicyInForce.of(state.policy, state.controls),
        new_model=_new_model(state, footing),
        frozen=Freeze.of(state.controls),
        second_person=footing.section.second_person,
        outlook=None if decision.before is None else Outlook.of(decision.before),
        aim=Aim.of(decision),
        watch=None if state.watch is None else PromiseWatch.of(state.watch),
        waiting=Waiting(proposed=state.proposed, approved=state.approved),
    )


def _new_model(state: ThresholdState, footing: Footing) -> NewModel | None:
    if state.retrain is None:
        return None
    return NewModel.of(state.retrain, state.decision.labels, footing.section.min_labels)


def evidence(session: Session, footing: Footing) -> Evidence:
    """What was chosen for review, and what was said of it, as the trainer looks at it."""
    return whole(session, footing).evidence


def whole(session: Session, footing: Footing) -> Gathered:
    """The same with ids and entities."""
    return gathered(session, footing, footing.section.look_back_hours)


def gathered(session: Session, footing: Footing, hours: float) -> Gathered:
    """The same of the last hours alone, at most those that the trainer looks at."""
    section, detector = footing.section, footing.detector
    return evidence_rows.gathered(
        session,
        detector,
        now=footing.now,
        hours=min(hours, section.look_back_hours),
        since_release=releases.model_number(session, detector),
        initial_rule=footing.initial_rule,
        initial_sampling=footing.initial_sampling,
        half_life=section.half_life_hours,
    )


def under_model(session: Session, footing: Footing) -> str:
    """Whose alerts are looked at, as the end of a sentence; empty before any retrain."""
    number = releases.model_number(session, footing.detector)
    return f" under the model of release {number}" if number else ""


def policy_of(session: Session, footing: Footing) -> Policy:
    """What the threshold must hold: what people set, or what is configured."""
    found = controls.get(session, footing.detector).policy
    return found or footing.section.configured_policy


def standing_of(session: Session, footing: Footing) -> Standing:
    """The threshold as decisions look at it."""
    return threshold_state.standing(session, footing.detector, footing.now, footing.initial_rule)


def decider_of(footing: Footing, policy: Policy) -> Decider:
    """The policy within the configured guard rails."""
    section = footing.section
    return Decider(policy=policy, rails=section.rails, confidence=section.confidence)


def score_in_force(session: Session, footing: Footing, seen: Evidence) -> float | None:
    """The threshold's score; under a rarity rule what stands in for it, None before any event."""
    standing = standing_of(session, footing)
    if standing.threshold is not None:
        return standing.threshold
    return decider_of(footing, Fixed()).decide(seen, standing).threshold_before
