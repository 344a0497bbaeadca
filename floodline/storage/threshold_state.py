"""The threshold as releases tell it: what is in force, since when, and what was before."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from floodline.detection.threshold_rule import ThresholdRule
from floodline.feedback.decision import DAY, Standing
from floodline.storage import releases
from floodline.storage.tables import ReleaseRow


def in_force(
    session: Session, detector: str, initial_rule: ThresholdRule
) -> tuple[ThresholdRule, int]:
    """The rule, and the number of the newest release that set the threshold; 0 before any.

    A release that only changes what is drawn, or teaches, repeats the rule that it found, so before
    any other the rule is the first such release's, whatever the configuration says since.
    """
    newest = releases.newest(session, detector)
    number = releases.threshold_number(session, detector)
    return (initial_rule if newest is None else newest.threshold), number


def before(
    session: Session, detector: str, number: int, initial_rule: ThresholdRule
) -> ThresholdRule:
    """The rule that was in force before release `number`: what an undo of it goes back to."""
    row = _newest(session, detector, ReleaseRow.number < number)
    return initial_rule if row is None else releases.message(row).threshold


def history(session: Session, detector: str, limit: int) -> list[ReleaseRow]:
    """Up to `limit` releases that set the threshold, the newest first."""
    return list(session.scalars(_setting(detector).limit(limit)))


def standing(
    session: Session, detector: str, now: datetime, initial_rule: ThresholdRule
) -> Standing:
    """The threshold as decisions look at it.

    A day ago is the score in force then; where a retrained model came since, the one that came with
    the model, since scores before it mean something else.
    """
    rule, number = in_force(session, detector, initial_rule)
    row = releases.get(session, detector, number)
    of_model = releases.model_number(session, detector)
    past = _newest(
        session,
        detector,
        (ReleaseRow.created_at <= now - timedelta(hours=DAY)) | (ReleaseRow.number == of_model),
    )
    return Standing(
        threshold=rule.score,
        a_day_ago=initial_rule.score if past is None else releases.message(past).threshold.score,
        moved=None if row is None else max((now - row.created_at) / timedelta(hours=1), 0.0),
        retrained=of_model or None,
    )


def _newest(
    session: Session, detector: str, where: ColumnElement[bool] | None = None
) -> ReleaseRow | None:
    chosen = _setting(detector)
    return session.scalar((chosen if where is None else chosen.where(where)).limit(1))


def _setting(detector: str) -> Select[ReleaseRow]:
    of_threshold = (ReleaseRow.detector == detector) & ReleaseRow.kind.not_in(releases.ASIDE)
    return select(ReleaseRow).where(of_threshold).order_by(ReleaseRow.number.desc())
