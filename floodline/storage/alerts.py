"""Alerts: stored once by id, read one by one or in pages that do not slip while the queue moves."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, defer

from floodline.storage.insertion import insert_unknown
from floodline.storage.tables import AlertRow


class Kind(StrEnum):
    """What an event is to its reviewers."""

    ALERT = "alert"
    SAMPLE = "sample"


@dataclass(frozen=True, kw_only=True)
class NewAlert:
    """An alert or a sample as it is stored first: without a verdict."""

    id: str
    detector: str
    topic: str
    topic_id: str
    partition: int
    offset: int
    event_at: datetime | None
    key: str | None
    entity: str | None
    score: float
    rarity: float
    threshold: float
    release: int
    features: dict[str, float]
    event: dict[str, Any] | None
    received_at: datetime
    explanation: dict[str, Any] | None = None
    kind: Kind = Kind.ALERT
    probability: float = 1.0
    muted_by: str | None = None


class Order(StrEnum):
    """What comes first in a page."""

    SCORE = "score"
    NEWEST = "newest"
    RANDOM = "random"


@dataclass(frozen=True, kw_only=True)
class AlertFilter:
    """Which alerts of a detector; None asks for all.

    Attributes:
        kind: alerts or samples only.
        verdict: the verdict that the newest label gave.
        unlabelled: only alerts that nobody has labelled.
        since: taken in at this time or later.
        muted: alerts that a known issue mutes, or those that none does.
    """

    detector: str
    kind: Kind | None = None
    verdict: str | None = None
    unlabelled: bool = False
    min_score: float | None = None
    entity: str | None = None
    release: int | None = None
    since: datetime | None = None
    muted: bool | None = None


@dataclass(frozen=True)
class Position:
    """A place in an order: after the alert with this sort value and id."""

    value: float | datetime
    id: str


def insert_new(session: Session, alerts: Sequence[NewAlert]) -> set[str]:
    """Store the alerts that are not known yet; the ids of those stored."""
    if not alerts:
        return set()
    statement = insert_unknown(session, AlertRow).returning(AlertRow.id)
    rows = [asdict(alert) | {"shuffle": shuffled(alert.id)} for alert in alerts]
    return set(session.scalars(statement, rows))


def shuffled(alert_id: str) -> float:
    """A number in [0, 1) that is told by the id alone, and tells nothing."""
    return int.from_bytes(hashlib.sha256(alert_id.encode()).digest()[:6], "big") / 2**48


def get(session: Session, detector: str, alert_id: str) -> AlertRow | None:
    """The alert of this detector with this id."""
    return session.scalar(_one(detector, alert_id))


def get_for_labelling(session: Session, detector: str, alert_id: str) -> AlertRow | None:
    """The alert, locked so that labels on it come one after the other."""
    return session.scalar(_one(detector, alert_id).with_for_update())


def _one(detector: str, alert_id: str) -> Select[AlertRow]:
    return select(AlertRow).where(AlertRow.id == alert_id, AlertRow.detector == detector)


def page(
    session: Session, chosen: AlertFilter, order: Order, after: Position | None, limit: int
) -> list[AlertRow]:
    """Up to `limit` alerts behind a position, the highest sort value first; no long parts."""
    column = _column(order)
    statement = (
        short().where(*_conditions(chosen)).order_by(column.desc(), AlertRow.id.desc()).limit(limit)
    )
    if after is not None:
        place = tuple_(literal(after.value, column.type), literal(after.id, AlertRow.id.type))
        statement = statement.where(tuple_(column, AlertRow.id) < place)
    return list(session.scalars(statement))


def with_ids(session: Session, detector: str, ids: Sequence[str]) -> list[AlertRow]:
    """The alerts and samples with these ids, in any order; no long parts."""
    chosen = short().where(AlertRow.detector == detector, AlertRow.id.in_(ids))
    return list(session.scalars(chosen)) if ids else []


def short() -> Select[AlertRow]:
    """Alerts without their long parts."""
    parts = (AlertRow.event, AlertRow.explanation)
    return select(AlertRow).options(*(defer(part, raiseload=True) for part in parts))


def position(alert: AlertRow, order: Order) -> Position:
    """Where an alert stands in an order."""
    return Position(getattr(alert, _column(order).key), alert.id)


def count(session: Session, chosen: AlertFilter) -> int:
    """How many alerts a filter leaves."""
    counted = select(func.count()).select_from(AlertRow).where(*_conditions(chosen))
    return session.scalar(counted) or 0


def _column(order: Order) -> InstrumentedAttribute[Any]:
    columns: dict[Order, InstrumentedAttribute[Any]] = {
        Order.SCORE: AlertRow.score,
        Order.NEWEST: AlertRow.received_at,
        Order.RANDOM: AlertRow.shuffle,
    }
    return columns[order]


def _conditions(chosen: AlertFilter) -> list[ColumnElement[bool]]:
    conditions = [AlertRow.detector == chosen.detector]
    if chosen.kind is not None:
        conditions.append(AlertRow.kind == chosen.kind)
    if chosen.verdict is not None:
        conditions.append(AlertRow.verdict == chosen.verdict)
    if chosen.unlabelled:
        conditions.append(AlertRow.verdict.is_(None))
    if chosen.min_score is not None:
        conditions.append(AlertRow.score >= chosen.min_score)
    if chosen.entity is not None:
        conditions.append(AlertRow.entity == chosen.entity)
    if chosen.release is not None:
        conditions.append(AlertRow.release == chosen.release)
    if chosen.since is not None:
        conditions.append(AlertRow.received_at >= chosen.since)
    if chosen.muted is not None:
        unmuted = AlertRow.muted_by.is_(None)
        conditions.append(~unmuted if chosen.muted else unmuted)
    return conditions
