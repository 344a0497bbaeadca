"""Labelling an alert, and reading its labels."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from feedback_api.access.identity import Identity
from feedback_api.representations.labels import LabelRequest
from feedback_api.use_cases.alerts import get_alert, get_alert_for_labelling, known_verdict
from floodline.detection.parameters import ModelParameters
from floodline.events.messages import LabelMessage, encode
from floodline.feedback.verdicts import Verdict
from floodline.storage import labels, model_tenure, muting, outbox, second_opinions
from floodline.storage.labels import NewLabel, SignedLabel
from floodline.storage.tables import AlertRow, LabelRow

OUTBOX_KIND = "label"


@dataclass(frozen=True)
class Labelled:
    """What came of a label.

    Attributes:
        stored: False where the analyst had said the same before, and nothing was stored.
        first_after: seconds from the alert's intake, where this is the alert's first label.
    """

    label: SignedLabel
    stored: bool
    first_after: float | None


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A verdict on its way: who says it, of which alert, when, and where it is published.

    `label_id` is the label's id, if it is stored; `model` the model before any retrained one.
    """

    detector: str
    alert_id: str
    identity: Identity
    request: LabelRequest
    label_id: str
    labels_topic: str
    model: ModelParameters
    now: datetime


def label_alert(session: Session, given: Submission) -> Labelled:
    """Store the verdict, and have it published in the same transaction.

    A known issue mutes what is alike, until another verdict closes it.

    Raises:
        NotFound: there is no such alert.
        InvalidRequest: an alert cannot get this verdict.
    """
    alert = get_alert_for_labelling(session, given.detector, given.alert_id)
    known_verdict(given.request.verdict, "/verdict")
    first, before = alert.labelled_at is None, alert.verdict
    new = NewLabel(
        id=given.label_id,
        analyst_id=given.identity.user_id,
        verdict=given.request.verdict,
        reason=given.request.reason,
        note=given.request.note,
        created_at=given.now,
        blind=second_opinions.awaits(session, alert, given.identity.user_id, now=given.now),
    )
    row, stored = labels.record(session, alert, new)
    if stored:
        _mute(session, given, alert, before)
        outbox.append(
            session,
            kind=OUTBOX_KIND,
            topic=given.labels_topic,
            key=alert.id,
            value=encode(_message(alert, row, given.identity.name)),
            now=given.now,
        )
    waited = (given.now - alert.received_at).total_seconds() if first and stored else None
    return Labelled(SignedLabel(row, given.identity.name, current=True), stored, waited)


def _mute(session: Session, given: Submission, alert: AlertRow, before: str | None) -> None:
    if Verdict.KNOWN_ISSUE in (before, alert.verdict):
        model = model_tenure.of_release(session, given.detector, alert.release, given.model)
        muting.settle(session, alert, before, model)


def label_history(session: Session, detector: str, alert_id: str) -> list[SignedLabel]:
    """Every label on an alert, the first one first.

    Raises:
        NotFound: there is no such alert.
    """
    return labels.history(session, get_alert(session, detector, alert_id).id)


def _message(alert: AlertRow, row: LabelRow, analyst: str) -> LabelMessage:
    return LabelMessage(
        id=row.id,
        alert_id=alert.id,
        detector=alert.detector,
        verdict=row.verdict,
        reason=row.reason,
        note=row.note,
        analyst=analyst,
        created_at=row.created_at.isoformat().replace("+00:00", "Z"),
        supersedes=row.supersedes,
        score=alert.score,
        release=alert.release,
    )
