"""What travels on our topics: JSON values, described in docs/topics.md."""

import re
from typing import Annotated, Any, TypeVar

import msgspec

from floodline.detection.explanation import Explanation
from floodline.detection.parameters import ModelParameters
from floodline.detection.threshold_rule import ThresholdRule
from floodline.feedback.review_sampling import Sampling

_KIND = re.compile(rb"floodline\.([a-z]+)\.v1\Z")

LARGEST_NUMBER = 2**31 - 1
"""The highest number of a release: what SQL's integers hold."""


MOST_EXPLAINED = 50
"""Features in an alert's explanation: more than anybody reads, and an alert stays small."""


class Coordinates(msgspec.Struct, frozen=True, kw_only=True):
    """Where an event lies: (topic id, partition, offset) names it for ever."""

    topic: str
    topic_id: str
    partition: int
    offset: int


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An event at or above the threshold.

    Attributes:
        id: `<detector>-<topic id>-<partition>-<offset>`: the same event is the same alert.
        timestamp: the event's Kafka timestamp, milliseconds since 1970 UTC; -1 where it has none.
        key: the first 1,000 bytes of the event's key as text, if it has one.
        entity: the value of the configured entity field, if one is configured.
        score: in [0, 1]; published once, never recomputed.
        rarity: share of the recent events that scored at least as high.
        threshold: what the score was compared with.
        provisional: True where that came from a rarity, since no labels have set a threshold yet.
        release: number of the release in force.
        features: what the model saw.
        event: the whole event as it was read; None where it is too large for one message.
        explanation: what each feature adds to the score, the `MOST_EXPLAINED` largest; None where
            the detector has no rule for it.
    """

    id: str
    detector: str
    coordinates: Coordinates
    timestamp: int
    key: str | None
    entity: str | None
    score: float
    rarity: float
    threshold: float
    release: int
    features: dict[str, float]
    event: dict[str, Any] | None
    explanation: Explanation | None = None
    provisional: bool = False


class Sample(Alert, frozen=True, kw_only=True):
    """An event below the threshold that was drawn for review; it says all that an alert says.

    Attributes:
        probability: with which an event of its score was drawn, in (0, 1].
    """

    probability: float


def alert_id(detector: str, topic_id: str, partition: int, offset: int) -> str:
    """The id of the alert on the event at these coordinates, fit for a part of a URL.

    librdkafka spells topic ids in plain base64; here they have Kafka's own, URL-safe alphabet.
    """
    safe = topic_id.replace("/", "_").replace("+", "-")
    return f"{detector}-{safe}-{partition}-{offset}"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A release took effect in a partition at an offset: scoring from there on follows it.

    Attributes:
        coordinates: the first event scored under `release`.
        fresh: True where the partition's model began empty at this event.
        release: the whole release, so that a replay needs no other topic.
    """

    detector: str
    coordinates: Coordinates
    fresh: bool
    release: "Release"


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a partition before an event, and the snapshot that holds it.

    Attributes:
        coordinates: the first event that the state does not know.
        timestamp: of the last record before it, milliseconds since 1970 UTC; -1 where it has none.
        events: events scored before it.
        dead_letters: records dead-lettered before it.
        state_sha256: of the scorer's state.
        snapshot: sha256 of the snapshot in the state store.
    """

    detector: str
    coordinates: Coordinates
    timestamp: int
    events: int
    dead_letters: int
    state_sha256: str
    snapshot: str


class ModelRef(msgspec.Struct, frozen=True, kw_only=True):
    """A retrained model: its parameters, and its state in the state store by sha256."""

    parameters: ModelParameters
    state_sha256: str
    mlflow_run_id: str | None = None
    mlflow_version: str | None = None


class WeightsRef(msgspec.Struct, frozen=True, kw_only=True):
    """A table of leaf weights in the state store by sha256, and how many labels it was made of."""

    sha256: str
    labels: Annotated[int, msgspec.Meta(ge=0)]


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """An immutable, numbered bundle of all that changes scores or alerts.

    Attributes:
        number: from 1 on; 0 is what the configuration says before any release.
        kind: `initial`, `recalibration`, `manual` (a person's move), `undo`, `sampling` (only what
            is drawn changed), `teaching` (only the weights changed) or `retrain`.
        model: the retrained model that the threshold is meant for; None before any retrain. It is
            installed where another one runs, and goes on learning where it runs already.
        sampling: which events below the threshold are drawn for review; None: none is.
        weights: what labels taught, for this model; None: its scores are the plain ones.
        created_at: RFC 3339, UTC.
    """

    number: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_NUMBER)]
    detector: str
    kind: str
    threshold: ThresholdRule
    reason: str
    made_by: str
    created_at: str
    model: ModelRef | None = None
    sampling: Sampling | None = None
    weights: WeightsRef | None = None


class LabelMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One analyst's verdict on one alert, as it leaves SQL; `supersedes` names the older label."""

    id: str
    alert_id: str
    detector: str
    verdict: str
    reason: str | None
    note: str | None
    analyst: str
    created_at: str
    supersedes: str | None
    score: float
    release: int


Message = TypeVar("Message", Alert, Sample, Change, Mark, Release, LabelMessage)


def encode(message: Alert | Change | Mark | Release | LabelMessage) -> bytes:
    """The message as JSON."""
    return msgspec.json.encode(message)


def decode(data: bytes, kind: type[Message]) -> Message:
    """The message that `encode` wrote.

    Raises:
        msgspec.MsgspecError: the bytes are no such message.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error


def kind_of(headers: list[tuple[str, bytes | None]]) -> str | None:
    """The `kind` that `cloud_event_headers` was told; None for a message of somebody else."""
    found = _KIND.match(dict(headers).get("ce_type") or b"")
    return found.group(1).decode() if found else None


def cloud_event_headers(*, id: str, kind: str, source: str) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0 in binary mode (Kafka protocol binding): attributes as `ce_` headers."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", id.encode()),
        ("ce_type", f"floodline.{kind}.v1".encode()),
        ("ce_source", source.encode()),
        ("content-type", b"application/json"),
    ]
