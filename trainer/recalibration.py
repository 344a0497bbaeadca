"""One recalibration: labels in, a release out if the threshold moves."""

import uuid
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from floodline.configuration.sections import Configuration, ThresholdSection
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import Conflict
from floodline.events.messages import Release
from floodline.feedback.review_estimates import Outlook, outlook
from floodline.feedback.threshold import Decision, PrecisionPolicy, recalibrated_threshold
from floodline.storage import audit, labelled_alerts, leases, recalibrations, releases, reviewed
from floodline.storage.engine import transaction
from floodline.storage.tables import RecalibrationRow
from trainer import review_plan
from trainer.ports import Now, ReleaseChannel
from trainer.publication import publish_waiting

_LEASE = timedelta(seconds=30)
_CONFIDENCE = 0.9
"""Of the intervals that are told, both sides together."""


class Recalibration(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided, and the number of the release that it made, if any.

    A release under which the threshold was held only changed what is drawn for review. `before` and
    `after` tell what the thresholds of the decision give, by alerts and samples; None where there
    is no such threshold.
    """

    decision: Decision
    before: Outlook | None
    after: Outlook | None
    release: int | None
    dry_run: bool


def policy_of(section: ThresholdSection) -> PrecisionPolicy:
    """The threshold's policy as the configuration sets it."""
    return PrecisionPolicy(
        target_precision=section.target_precision,
        confidence=section.confidence,
        min_labels=section.min_labels,
        largest_step=section.largest_step,
    )


def rule_in_force(newest: Release | None, configuration: Configuration) -> ThresholdRule:
    """The newest release's rule, or what the configuration says before any release."""
    return configuration.initial_rule if newest is None else newest.threshold


def preview(engine: Engine, configuration: Configuration) -> Recalibration:
    """What a recalibration would decide now; nothing is written or published.

    Raises:
        DependencyDown: SQL does not answer.
    """
    with transaction(engine) as session:
        look = _look(session, configuration)
    return _recalibration(look, release=None, dry_run=True)


def recalibrate_once(
    engine: Engine, configuration: Configuration, channel: ReleaseChannel, now: Now, made_by: str
) -> Recalibration:
    """Decide from the labels; store the look, and the release where the threshold moves; publish.

    Look, release, outbox and audit rows are one transaction. Releases that an earlier run could not
    publish go first.

    Raises:
        Conflict: another trainer does this now, or made a release meanwhile.
        DependencyDown: SQL or Kafka does not answer; a release that is stored waits in the outbox.
    """
    name, holder = f"recalibrate:{configuration.detector.name}", str(uuid.uuid4())
    with transaction(engine) as session:
        if not leases.acquire(session, name, holder, now(), _LEASE):
            raise Conflict(f"another trainer recalibrates {configuration.detector.name} now")
    try:
        publish_waiting(engine, channel, configuration.topics.releases, now)
        done = _recalibrate(engine, configuration, now, made_by, (name, holder))
        publish_waiting(engine, channel, configuration.topics.releases, now)
    finally:
        with transaction(engine) as session:
            leases.release(session, name, holder)
    return done


def _recalibrate(
    engine: Engine, configuration: Configuration, now: Now, made_by: str, lease: tuple[str, str]
) -> Recalibration:
    try:
        with transaction(engine) as session:
            if not leases.renew(session, *lease, now(), _LEASE):
                raise Conflict("the lease ran out before the work was done; run it again")
            look = _look(session, configuration)
            number = _released(session, configuration, look, now, made_by)
            _note(session, configuration, look, number, now)
    except IntegrityError as error:
        raise Conflict("another release was made at the same time; run it again") from error
    return _recalibration(look, release=number, dry_run=False)


class _Look(msgspec.Struct, frozen=True):
    decision: Decision
    before: Outlook | None
    after: Outlook | None

    def figures(self) -> dict[str, Any]:
        """The numbers as JSON."""
        return figures_of(self.decision) | {
            "outlook_before": msgspec.to_builtins(self.before),
            "outlook_after": msgspec.to_builtins(self.after),
        }


def _recalibration(look: _Look, *, release: int | None, dry_run: bool) -> Recalibration:
    return Recalibration(
        decision=look.decision,
        before=look.before,
        after=look.after,
        release=release,
        dry_run=dry_run,
    )


def _look(session: Session, configuration: Configuration) -> _Look:
    decision, detector = _decide(session, configuration), configuration.detector.name
    seen = reviewed.recent(session, detector, releases.model_number(session, detector))
    thresholds = (decision.threshold_before, decision.threshold_after)
    before, after = (None if at is None else outlook(seen, at, _CONFIDENCE) for at in thresholds)
    return _Look(decision, before, after)


def _decide(session: Session, configuration: Configuration) -> Decision:
    detector, section = configuration.detector.name, configuration.threshold
    newest = releases.newest(session, detector)
    return recalibrated_threshold(
        labelled_alerts.recent(
            session, detector, section.label_window, releases.model_number(session, detector)
        ),
        rule_in_force(newest, configuration).score,
        releases.threshold_number(session, detector),
        policy_of(section),
    )


def _released(
    session: Session, configuration: Configuration, look: _Look, now: Now, made_by: str
) -> int | None:
    """The number of the release that moves the threshold, or only what is drawn; None for none."""
    decision = look.decision
    newest = releases.newest(session, configuration.detector.name)
    if decision.outcome == "moved":
        rule = ThresholdRule(score=decision.threshold_after)
        sampling = review_plan.plan(session, configuration, newest, decision.threshold_after)
        kind, reason = "recalibration", decision.reason
    elif newest is not None:
        rule, sampling = newest.threshold, review_plan.replan(session, configuration, newest)
        budget = configuration.review.per_hour
        kind, reason = "sampling", f"draws about {budget:g} events an hour for review"
        if sampling is None:
            return None
    else:
        return None
    release = Release(
        number=releases.next_number(session, configuration.detector.name),
        detector=configuration.detector.name,
        kind=kind,
        threshold=rule,
        reason=reason,
        made_by=made_by,
        created_at=now().isoformat(),
        # The threshold is meant for this model; a consumer may hear of this release only.
        model=None if newest is None else newest.model,
        sampling=sampling,
    )
    _store(session, configuration, release, look.figures(), now)
    return release.number


def _store(
    session: Session,
    configuration: Configuration,
    release: Release,
    figures: dict[str, Any],
    now: Now,
) -> None:
    at = now()
    topic = configuration.topics.releases
    releases.insert(session, release, topic=topic, figures=figures, now=at)
    audit.append(
        session,
        actor=release.made_by,
        action="release",
        subject=f"{release.detector}/{release.number}",
        now=at,
        detail=figures | {"kind": release.kind, "reason": release.reason},
    )


def figures_of(decision: Decision) -> dict[str, Any]:
    """The decision's numbers as JSON."""
    return {
        "threshold_before": decision.threshold_before,
        "threshold_after": decision.threshold_after,
        "labels": decision.labels,
        "before": msgspec.to_builtins(decision.before),
        "after": msgspec.to_builtins(decision.after),
    }


def _note(
    session: Session,
    configuration: Configuration,
    look: _Look,
    release: int | None,
    now: Now,
) -> None:
    """Store the look, unless it is the very one that was stored last: no label came since."""
    decision = look.decision
    detector = configuration.detector.name
    last = recalibrations.newest(session, detector)
    said = (decision.outcome, decision.reason, decision.labels)
    if last is not None and (last.outcome, last.reason, last.labels) == said and release is None:
        return
    recalibrations.insert(
        session,
        RecalibrationRow(
            id=str(uuid.uuid4()),
            detector=detector,
            created_at=now(),
            outcome=decision.outcome,
            reason=decision.reason,
            labels=decision.labels,
            threshold_before=decision.threshold_before,
            threshold_after=decision.threshold_after,
            figures=look.figures(),
            release=release,
        ),
    )
