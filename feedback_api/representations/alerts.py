"""Alerts as JSON."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from feedback_api.representations.text import without_nul
from floodline.storage.alerts import Kind, Order
from floodline.storage.tables import AlertRow

LARGEST_PAGE = 200
CURSOR_CHARACTERS = 1_000
_INT32 = 2**31 - 1


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must lie in the years 1 to 9999 in UTC") from error


class AlertQuery(BaseModel):
    """Which alerts, in which order, how many; an unknown parameter is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["alert", "sample", "any"] = Field(
        default="alert",
        description="`sample`: events below the threshold that were drawn for review.",
    )
    verdict: str | None = Field(default=None, description="The newest label's verdict.")
    unlabelled: bool = Field(default=False, description="Only alerts that nobody has labelled.")
    min_score: float | None = Field(default=None, ge=0, le=1, description="This score or higher.")
    entity: Annotated[str, Field(max_length=400), AfterValidator(without_nul)] | None = Field(
        default=None, description="Alerts about this entity."
    )
    release: int | None = Field(
        default=None, ge=0, le=_INT32, description="Alerts raised under this release."
    )
    since: Annotated[AwareDatetime, AfterValidator(_in_utc)] | None = Field(
        default=None, description="Taken in at this time or later (RFC 3339)."
    )
    muted: bool | None = Field(
        default=None,
        description="Only alerts that a known issue mutes, or only those that none does.",
    )
    order: Order = Field(
        default=Order.SCORE,
        description="`score`: highest first; `newest`: last taken in first; "
        "`random`: by chance, the same for everybody.",
    )
    cursor: str | None = Field(
        default=None, max_length=CURSOR_CHARACTERS, description="`next_cursor` of the page before."
    )
    limit: int = Field(default=50, ge=1, le=LARGEST_PAGE, description="Most alerts in the page.")


class SecondOpinionQuery(BaseModel):
    """How many second opinions; an unknown parameter is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(default=20, ge=1, le=LARGEST_PAGE, description="Most of them.")


class Coordinates(BaseModel):
    """Where the event lies in Kafka."""

    topic: str
    topic_id: str
    partition: int
    offset: int


class Alert(BaseModel):
    """An alert as lists show it.

    `kind` is `alert`, or `sample`: an event below the threshold that was drawn for review with
    `probability`, which is 1 for an alert. `one_in` is the rarity told as "1 in N"; `verdict` and
    `labelled_at` are those of the newest label. It is `provisional` where `threshold` came from a
    rarity, since no label had set it yet; null where its release is not known here. `muted_by` is
    the alert with a known issue that this one is alike.
    """

    id: str
    kind: Kind
    probability: float
    detector: str
    coordinates: Coordinates
    event_at: datetime | None
    received_at: datetime
    key: str | None
    entity: str | None
    score: float
    rarity: float
    one_in: int
    threshold: float
    provisional: bool | None
    release: int
    features: dict[str, float]
    verdict: str | None
    labelled_at: datetime | None
    muted_by: str | None

    @classmethod
    def of(cls, row: AlertRow, provisional: bool | None) -> "Alert":
        """The row as it is shown."""
        return cls(**_shown(row), provisional=provisional)

    def blind(self) -> "Alert":
        """Without what analysts said of it."""
        return self.model_copy(update={"verdict": None, "labelled_at": None})


class FeatureContribution(BaseModel):
    """What one feature adds to the score: how far it falls when the feature is taken as missing.

    `value` is null where the event misses it; `low` and `high` are the usual range at that time.
    """

    feature: str
    value: float | None
    low: float | None
    high: float | None
    contribution: float


class Explanation(BaseModel):
    """Why the score was high, by the model that scored the event.

    `unit` is `bits` or `score`, of `total` and of contributions, the largest of which comes first.
    `leaves` is the leaf that the event reached in each tree: little-endian uint16 in base64 (uint32
    where trees are higher than 16). `usual` is the total of an ordinary event, null where that is
    not known; `lesson` what labels added, in bits, and no part of `total`; `excess` by how many
    bits each tree found the event rarer than usual, in sixteenths, a byte a tree in base64.
    """

    unit: str
    total: float
    contributions: list[FeatureContribution]
    leaves: str
    usual: float | None = None
    lesson: float = 0.0
    excess: str = ""


class AlertDetail(Alert):
    """An alert with the event that raised it, and why.

    `event` is null where it was too large for one message, `explanation` where the detector has
    none.
    """

    event: dict[str, Any] | None
    explanation: Explanation | None

    @classmethod
    def of(cls, row: AlertRow, provisional: bool | None) -> "AlertDetail":
        """The row as it is shown."""
        told = row.explanation
        explanation = None if told is None else Explanation.model_validate(told)
        return cls(**_shown(row), provisional=provisional, event=row.event, explanation=explanation)


class AlertPage(BaseModel):
    """A page of alerts; `next_cursor` is null on the last one."""

    items: list[Alert]
    next_cursor: str | None


def one_in(rarity: float) -> int:
    """N of "1 in N" for a rarity in (0, 1]; a million million at most."""
    return max(1, round(1 / max(rarity, 1e-12))) if rarity > 0 else 1


def _shown(row: AlertRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "probability": row.probability,
        "detector": row.detector,
        "coordinates": Coordinates(
            topic=row.topic, topic_id=row.topic_id, partition=row.partition, offset=row.offset
        ),
        "event_at": row.event_at,
        "received_at": row.received_at,
        "key": row.key,
        "entity": row.entity,
        "score": row.score,
        "rarity": row.rarity,
        "one_in": one_in(row.rarity),
        "threshold": row.threshold,
        "release": row.release,
        "features": row.features,
        "verdict": row.verdict,
        "labelled_at": row.labelled_at,
        "muted_by": row.muted_by,
    }
