"""A batch of alert messages into SQL, with the offset behind it, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from feedback_api.intake.reading import read_alert
from feedback_api.ports import Record
from floodline.detection.parameters import ModelParameters
from floodline.errors import InvalidEvent
from floodline.storage import alerts, intake_offsets, muting
from floodline.storage.alerts import Kind, NewAlert
from floodline.storage.engine import transaction

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Topic:
    """A topic with alerts or samples as it is now; a recreated one has another id."""

    name: str
    id: str
    kind: Kind


@dataclass(frozen=True)
class Taken:
    """What became of a batch's records."""

    stored: int
    known: int
    refused: int


def store(
    engine: Engine,
    topic: Topic,
    detector: str,
    records: Sequence[Record],
    now: datetime,
    *,
    model: ModelParameters,
) -> Taken:
    """Store the records' alerts and the next offsets; a record that is no alert is logged.

    Alerts that are alike a known issue are muted; `model` is the one before any retrained one.

    Raises:
        DependencyDown: the database does not answer; nothing of the batch is stored.
    """
    read = [new for record in records if (new := _read(topic, detector, record, now)) is not None]
    following = {record.partition: record.offset + 1 for record in records}
    with transaction(engine) as session:
        stored, unfit = _insert(session, muting.muted(session, detector, read, model))
        intake_offsets.advance(session, topic.name, topic.id, following, now)
    refused = len(records) - len(read) + unfit
    return Taken(stored, len(read) - unfit - stored, refused)


def _read(topic: Topic, detector: str, record: Record, now: datetime) -> NewAlert | None:
    try:
        return read_alert(record.value, detector, now, topic.kind)
    except InvalidEvent as error:
        _log.error(
            f"{topic.kind} refused",
            topic=topic.name,
            partition=record.partition,
            offset=record.offset,
            reason=error.reason,
            detail=error.detail[:500],
        )
        return None


def _insert(session: Session, new: Sequence[NewAlert]) -> tuple[int, int]:
    """How many were stored, and how many the database refused: one bad row never stops the rest."""
    try:
        with session.begin_nested():
            return len(alerts.insert_new(session, new)), 0
    except (DataError, IntegrityError):
        stored = unfit = 0
    for alert in new:
        try:
            with session.begin_nested():
                stored += len(alerts.insert_new(session, [alert]))
        except (DataError, IntegrityError) as error:
            unfit += 1
            _log.exception("alert refused by the database", id=alert.id, detail=str(error.orig))
    return stored, unfit
