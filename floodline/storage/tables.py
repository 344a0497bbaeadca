"""The SQL tables, as design names them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite, which keeps no zone, gives it back aware too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Identity = BigInteger().with_variant(Integer, "sqlite")


class Table(DeclarativeBase):
    """The base of every table; names of constraints are fixed for migrations."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy's own name, read once
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        str: Text,
    }


class AlertRow(Table):
    """An alert or a sample as it was published; its verdict moves, and what mutes it.

    A sample is an event below the threshold that was drawn for review with `probability`. `shuffle`
    is a number in [0, 1) that has nothing to do with the score: its order is a random one.
    `muted_by` is the alert with a known issue that this one is alike.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("detector", "topic_id", "partition", "offset"),
        Index("ix_alerts_queue", "detector", "verdict", "score", "id"),
        Index("ix_alerts_score", "detector", "score", "id"),
        Index("ix_alerts_newest", "detector", "received_at", "id"),
        Index("ix_alerts_entity", "detector", "entity"),
        Index("ix_alerts_shuffle", "detector", "verdict", "shuffle", "id"),
        Index("ix_alerts_muted", "detector", "muted_by"),
        Index("ix_alerts_kind", "detector", "kind", "verdict", "muted_by"),
        Index("ix_alerts_labelled", "detector", "labelled_at"),
    )
    id: Mapped[str] = mapped_column(String(300), primary_key=True)
    detector: Mapped[str] = mapped_column(String(63))
    topic: Mapped[str] = mapped_column(String(249))
    topic_id: Mapped[str] = mapped_column(String(36))
    partition: Mapped[int]
    offset: Mapped[int] = mapped_column(BigInteger)
    event_at: Mapped[datetime | None]
    key: Mapped[str | None]
    entity: Mapped[str | None]
    score: Mapped[float]
    rarity: Mapped[float]
    threshold: Mapped[float]
    release: Mapped[int]
    features: Mapped[dict[str, Any]]
    event: Mapped[dict[str, Any] | None]
    explanation: Mapped[dict[str, Any] | None]
    kind: Mapped[str] = mapped_column(String(10), server_default="alert")
    probability: Mapped[float] = mapped_column(server_default="1")
    shuffle: Mapped[float] = mapped_column(server_default="0")
    received_at: Mapped[datetime]
    verdict: Mapped[str | None] = mapped_column(String(20))
    labelled_at: Mapped[datetime | None]
    muted_by: Mapped[str | None] = mapped_column(String(300))


class LabelRow(Table):
    """One verdict of one analyst on one alert; append-only, a later one supersedes.

    `blind` ones are second opinions: the analyst was not shown what others had said.
    """

    __tablename__ = "labels"
    __table_args__ = (
        UniqueConstraint("supersedes"),
        Index("ix_labels_alert", "alert_id", "analyst_id", "created_at"),
        Index("ix_labels_blind", "blind", "created_at"),
    )
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alerts.id"))
    analyst_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    verdict: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None]
    note: Mapped[str | None]
    created_at: Mapped[datetime]
    supersedes: Mapped[str | None] = mapped_column(ForeignKey("labels.id"))
    blind: Mapped[bool] = mapped_column(server_default=false())


class UserRow(Table):
    """A person or a program that labels or operates."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("name"),)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class ApiKeyRow(Table):
    """A key of a user; only the secret's sha256 is kept."""

    __tablename__ = "api_keys"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    secret_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SessionRow(Table):
    """A console session; its token is kept as sha256."""

    __tablename__ = "sessions"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class IdempotencyRow(Table):
    """The answer that was given for an Idempotency-Key, for a day."""

    __tablename__ = "idempotency_keys"
    user_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    response: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)


class ReleaseRow(Table):
    """A release; `body` is the message as it is published."""

    __tablename__ = "releases"
    __table_args__ = (Index("ix_releases_kind", "detector", "kind", "number"),)
    detector: Mapped[str] = mapped_column(String(63), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    threshold: Mapped[float | None]
    reason: Mapped[str]
    made_by: Mapped[str]
    created_at: Mapped[datetime]
    body: Mapped[dict[str, Any]]
    figures: Mapped[dict[str, Any]]


class RecalibrationRow(Table):
    """A look at the labels: what was found, and the release that it made, if any."""

    __tablename__ = "recalibrations"
    __table_args__ = (Index("ix_recalibrations_detector", "detector", "created_at"),)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    detector: Mapped[str] = mapped_column(String(63))
    created_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str]
    labels: Mapped[int]
    threshold_before: Mapped[float | None]
    threshold_after: Mapped[float | None]
    figures: Mapped[dict[str, Any]]
    release: Mapped[int | None]


class ControlRow(Table):
    """How people steer a detector: another policy than the configured one, a freeze, no lessons."""

    __tablename__ = "controls"
    detector: Mapped[str] = mapped_column(String(63), primary_key=True)
    policy: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    policy_by: Mapped[str | None]
    policy_at: Mapped[datetime | None]
    frozen_by: Mapped[str | None]
    frozen_at: Mapped[datetime | None]
    frozen_reason: Mapped[str | None]
    teaching_off_by: Mapped[str | None]
    teaching_off_at: Mapped[datetime | None]
    teaching_off_reason: Mapped[str | None]


class MoveRow(Table):
    """A move of the threshold: what is proposed, against which release, and what became of it.

    `base_release` is the release whose threshold it moves. `note` says why a move went stale.
    """

    __tablename__ = "moves"
    __table_args__ = (Index("ix_moves_detector", "detector", "created_at"),)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    detector: Mapped[str] = mapped_column(String(63))
    created_at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    rule: Mapped[dict[str, Any]]
    threshold_before: Mapped[float | None]
    threshold_after: Mapped[float | None]
    reason: Mapped[str]
    made_by: Mapped[str]
    base_release: Mapped[int]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None]
    release: Mapped[int | None]
    figures: Mapped[dict[str, Any]]


class RetrainRow(Table):
    """A retrain: what went in, what came out, and the release that it made, if any."""

    __tablename__ = "retrains"
    __table_args__ = (Index("ix_retrains_detector", "detector", "started_at"),)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    detector: Mapped[str] = mapped_column(String(63))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str]
    ranges: Mapped[list[Any]]
    labels: Mapped[int]
    mlflow_run_id: Mapped[str | None] = mapped_column(String(32))
    figures: Mapped[dict[str, Any]]
    release: Mapped[int | None]


class OutboxRow(Table):
    """A message to publish, written in the transaction of what it tells."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_waiting", "kind", "published_at", "id"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(20))
    topic: Mapped[str] = mapped_column(String(249))
    key: Mapped[str] = mapped_column(String(300))
    value: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class IntakeOffsetRow(Table):
    """The next offset of an alerts partition to take in, stored with the rows themselves."""

    __tablename__ = "intake_offsets"
    topic: Mapped[str] = mapped_column(String(249), primary_key=True)
    topic_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True)
    offset: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[datetime]


class LeaseRow(Table):
    """Who may do a piece of work now; a lease that has run out is free."""

    __tablename__ = "leases"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    holder: Mapped[str] = mapped_column(String(100))
    expires_at: Mapped[datetime]


class AuditRow(Table):
    """Who did what to what, and when; append-only."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_at", "at"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str] = mapped_column(String(50))
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]]
