"""The threshold as releases tell it: what is in force, since when, and what was before."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from floodline.detection.threshold_rule import ThresholdRule
from floodline.feedback.decision import DAY, Standing
from floodline.storage import releases
from floodline.storage.tables import ReleaseRow


def in_force(
    session: Session, detector: str, initial_rule: ThresholdRule
) -> tuple[ThresholdRule, int]:
    """The rule, and the number of the newest release that set the threshold; 0 before any."""
    row = _newest(session, detector)
    return (initial_rule, 0) if row is None else (releases.message(row).threshold, row.number)


def before(
    session: Session, detector: str, number: int, initial_rule: ThresholdRule
) -> ThresholdRule:
    """The rule that was in force before release `number`: what an undo of it goes back to."""
    row = _newest(session, detector, ReleaseRow.number < number)
    return initial_rule if row is None else releases.message(row).threshold


def standing(
    session: Session, detector: str, now: datetime, initial_rule: ThresholdRule
) -> Standing:
    """The threshold as decisions look at it.

    A day ago is the score in force then; where a retrained model came since, the one that came with
    the model, since scores before it mean something else.
    """
    row = _newest(session, detector)
    if row is None:
        return Standing(threshold=initial_rule.score, a_day_ago=initial_rule.score, moved=None)
    of_model = releases.model_number(session, detector)
    past = _newest(
        session,
        detector,
        (ReleaseRow.created_at <= now - timedelta(hours=DAY)) | (ReleaseRow.number == of_model),
    )
    return Standing(
        threshold=releases.message(row).threshold.score,
        a_day_ago=initial_rule.score if past is None else releases.message(past).threshold.score,
        moved=max((now - row.created_at) / timedelta(hours=1), 0.0),
    )


def _newest(
    session: Session, detector: str, where: ColumnElement[bool] | None = None
) -> ReleaseRow | None:
    chosen = select(ReleaseRow).where(
        ReleaseRow.detector == detector, ReleaseRow.kind != "sampling"
    )
    if where is not None:
        chosen = chosen.where(where)
    return session.scalar(chosen.order_by(ReleaseRow.number.desc()).limit(1))
