"""One recalibration: labels in, a release or a proposal out if the threshold should move."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from floodline.configuration.sections import Configuration
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import Conflict
from floodline.events.messages import Release
from floodline.feedback.decision import Decision
from floodline.feedback.promise import Watch
from floodline.feedback.review_estimates import Outlook
from floodline.storage import controls, recalibrations, releases
from floodline.storage.engine import reading, transaction
from floodline.storage.moves import POLICY_AT
from floodline.storage.tables import RecalibrationRow
from trainer import proposals, release_lease, remedy, review_plan
from trainer.judgement import WATCH, Judgement, judged
from trainer.ports import Now, ReleaseChannel
from trainer.publication import publish_waiting
from trainer.tenure import Tenure
from trainer.threshold_release import store_release


class Recalibration(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided, and what came of it.

    Attributes:
        decision: what follows from the labels.
        before, after: what the thresholds of the decision give, by alerts and samples; None where
            there is no such threshold.
        labelled_precision: plain share of real ones among the labelled events at the threshold
            before, or above; None without any.
        release: number of the release that it made, if any. Where the threshold was held or only
            proposed, that release changed what is drawn for review.
        move: id of the move that was released or that waits for a second person, if any.
        proposed: whether it waits for one.
        watch: whether the promise holds on live alerts; None where there is none to test.
        remedy: id of the move that the watch proposes, if one waits.
        dry_run: nothing was written.
    """

    decision: Decision
    before: Outlook | None
    after: Outlook | None
    labelled_precision: float | None
    release: int | None
    move: str | None
    proposed: bool
    watch: Watch | None
    remedy: str | None
    dry_run: bool


def rule_in_force(newest: Release | None, configuration: Configuration) -> ThresholdRule:
    """The newest release's rule, or what the configuration says before any release."""
    return configuration.initial_rule if newest is None else newest.threshold


def preview(engine: Engine, configuration: Configuration, now: Now) -> Recalibration:
    """What a recalibration would decide now; nothing is written or published.

    Raises:
        DependencyDown: SQL does not answer.
    """
    with reading(engine) as session:
        look = judged(session, configuration, now())
    return _recalibration(look, release=None, move=None, remedy=None, dry_run=True)


def recalibrate_once(
    engine: Engine, configuration: Configuration, channel: ReleaseChannel, now: Now, made_by: str
) -> Recalibration:
    """Decide from the labels; store the look, and the release where the threshold moves; publish.

    Where a second person must consent, a move is stored as a proposal in place of a release. Look,
    move, release, outbox and audit rows are one transaction, behind the one that reads, so that
    nobody who labels waits for a decision. Releases that an earlier run could not publish go first.

    Raises:
        Conflict: another trainer does this now, or made a release meanwhile; or people froze the
            threshold, or changed its policy.
        DependencyDown: SQL or Kafka does not answer; a release that is stored waits in the outbox.
    """
    with release_lease.held(engine, configuration, now) as tenure:
        publish_waiting(engine, channel, configuration.topics.releases, now)
        done = _recalibrate(engine, configuration, now, made_by, tenure)
        publish_waiting(engine, channel, configuration.topics.releases, now)
    return done


def _recalibrate(
    engine: Engine, configuration: Configuration, now: Now, made_by: str, tenure: Tenure
) -> Recalibration:
    with reading(engine) as session:
        look = judged(session, configuration, now())
    try:
        with transaction(engine) as session:
            at = now()
            tenure.confirm_in(session)
            if controls.get(session, configuration.detector.name) != look.controls:
                raise Conflict("the threshold was steered at the same time; run it again")
            proposals.close_outdated(session, configuration, look, at)
            number, move = _moved(session, configuration, look, made_by, at)
            proposed = remedy.proposed(session, configuration, look, made_by, at)
            if number is None:
                number = _drawn_anew(session, configuration, look, made_by, at)
            _note(session, configuration, look, number, at)
    except IntegrityError as error:
        raise Conflict("another release was made at the same time; run it again") from error
    return _recalibration(
        look,
        release=number,
        move=move,
        second_person=configuration.threshold.second_person,
        remedy=proposed,
        dry_run=False,
    )


def _recalibration(
    look: Judgement,
    *,
    release: int | None,
    move: str | None,
    second_person: bool = False,
    remedy: str | None,
    dry_run: bool,
) -> Recalibration:
    return Recalibration(
        decision=look.decision,
        before=look.decision.before,
        after=look.decision.after,
        labelled_precision=look.labelled_precision,
        release=release,
        move=move,
        proposed=move is not None and second_person,
        watch=look.watch,
        remedy=remedy,
        dry_run=dry_run,
    )


def _moved(
    session: Session, configuration: Configuration, look: Judgement, made_by: str, now: datetime
) -> tuple[int | None, str | None]:
    """The release that moves the threshold, and the move or proposal; None for none."""
    if configuration.threshold.second_person:
        return None, proposals.proposed(session, configuration, look, made_by, now)
    if look.decision.outcome == "held":
        return None, None
    newest = releases.newest(session, configuration.detector.name)
    score = look.decision.threshold_after
    move = proposals.move_of(session, configuration, look, made_by, now)
    number = store_release(
        session,
        configuration,
        kind="recalibration",
        rule=ThresholdRule(score=score),
        sampling=review_plan.plan(look.evidence, configuration, newest, score),
        reason=look.decision.reason,
        made_by=made_by,
        figures=look.figures() | {"move": move.id},
        now=now,
    )
    proposals.released(session, move, number, now)
    return number, move.id


def _drawn_anew(
    session: Session, configuration: Configuration, look: Judgement, made_by: str, now: datetime
) -> int | None:
    """The release that only changes what is drawn; None where that is near the budget."""
    newest = releases.newest(session, configuration.detector.name)
    sampling = review_plan.replan(look.evidence, configuration, newest)
    if sampling is None:
        return None
    return store_release(
        session,
        configuration,
        kind="sampling",
        rule=rule_in_force(newest, configuration),
        sampling=sampling,
        reason=f"draws about {configuration.review.per_hour:g} events an hour for review",
        made_by=made_by,
        figures=look.figures(),
        now=now,
    )


def _note(
    session: Session,
    configuration: Configuration,
    look: Judgement,
    release: int | None,
    now: datetime,
) -> None:
    """Store the look, unless it is the very one that was stored last: nothing came since."""
    decision, figures = look.decision, look.figures()
    detector = configuration.detector.name
    last = recalibrations.newest(session, detector)
    said = (decision.outcome, decision.reason, decision.labels, *_kept(figures))
    before = last and (last.outcome, last.reason, last.labels, *_kept(last.figures))
    if release is None and before == said:
        return
    # The newest look is told by its time, also where a clock was set back.
    at = now if last is None else max(now, last.created_at + timedelta(microseconds=1))
    recalibrations.insert(
        session,
        RecalibrationRow(
            id=str(uuid.uuid4()),
            detector=detector,
            created_at=at,
            outcome=decision.outcome,
            reason=decision.reason,
            labels=decision.labels,
            threshold_before=decision.threshold_before,
            threshold_after=decision.threshold_after,
            figures=figures,
            release=release,
        ),
    )


def _kept(figures: dict[str, Any]) -> tuple[str | None, str | None]:
    """When the policy was changed, and whether the promise holds, as a look noted it."""
    return figures.get(POLICY_AT), (figures.get(WATCH) or {}).get("state")
