"""Every setting of every process, with its unit, default and bounds."""

import math
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from floodline.configuration.feedback_section import FeedbackSection
from floodline.configuration.model_section import ModelSection
from floodline.configuration.section import Section
from floodline.configuration.threshold_section import ThresholdSection
from floodline.detection.parameters import ModelParameters
from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.decoding import Schema
from floodline.events.topics import Topics
from floodline.feedback.review_sampling import Sampling


class DetectorSection(Section):
    """What is watched."""

    name: str = Field(description="Name of the detector; its topics start with it.")
    topic: str = Field(min_length=1, description="The Kafka topic with the events (JSON objects).")
    features: tuple[str, ...] = Field(
        min_length=1,
        max_length=10_000,
        description="Numeric fields that the model sees; `a.b` is field b of a.",
    )
    entity: str | None = Field(default=None, description="Field that names whom an event is about.")
    missing: dict[str, Literal["refuse", "ignore"] | float] = Field(
        default_factory=dict,
        description="By feature, for events without it: `refuse` (a dead letter; the default), "
        "`ignore` (scored by the other features), or a number that stands in.",
    )

    @field_validator("features")
    @classmethod
    def _each_once(cls, features: tuple[str, ...]) -> tuple[str, ...]:
        if "" in features or len(set(features)) < len(features):
            raise ValueError("each feature is a field's name, and is named once")
        return features

    @model_validator(mode="after")
    def _rules_are_of_features(self) -> Self:
        unknown = sorted(set(self.missing) - set(self.features))
        if unknown:
            raise ValueError(f"missing: {', '.join(unknown)}: not among the features")
        endless = [name for name, rule in self.missing.items() if not _finite(rule)]
        if endless:
            raise ValueError(f"missing: {', '.join(endless)}: the number is not finite")
        return self


def _finite(rule: str | float) -> bool:
    return isinstance(rule, str) or math.isfinite(rule)


class ReviewSection(Section):
    """Which events below the threshold are shown to analysts, so that recall can be estimated."""

    initial_rate: float = Field(
        default=0.0002,
        ge=0,
        le=1,
        description="Before any release: draw each event below the threshold with this "
        "probability; 0 draws none, under later releases too.",
    )

    per_hour: float = Field(
        default=20,
        gt=0,
        description="Events below the threshold that analysts can look at in an hour: later "
        "releases set the rates by it, as soon as they can be told.",
    )

    @property
    def initial_sampling(self) -> Sampling | None:
        """What is drawn before any release."""
        return Sampling.even(self.initial_rate) if self.initial_rate else None


class KafkaSection(Section):
    """How Kafka is reached."""

    bootstrap_servers: str = Field(default="127.0.0.1:9092", description="host:port, by comma.")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How the connection is protected."
    )
    sasl_mechanism: str | None = Field(default=None, description="Such as SCRAM-SHA-512.")
    sasl_username: str | None = Field(default=None, description="User for SASL.")
    sasl_password: SecretStr | None = Field(default=None, description="Password for SASL.")
    ssl_ca_location: str | None = Field(default=None, description="File with the CA certificates.")
    create_topics: bool = Field(
        default=True, description="Make the detector's own topics where they are missing."
    )
    replication_factor: int = Field(
        default=-1, ge=-1, description="Of topics that we make; -1 is the broker's default."
    )

    def client(self) -> dict[str, str | int | float | bool]:
        """The settings that every librdkafka client shares."""
        given = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
            "sasl.mechanism": self.sasl_mechanism,
            "sasl.username": self.sasl_username,
            "sasl.password": self.sasl_password.get_secret_value() if self.sasl_password else None,
            "ssl.ca.location": self.ssl_ca_location,
        }
        return {name: value for name, value in given.items() if value is not None}


class ConsumerSection(Section):
    """The scoring process."""

    group: str | None = Field(
        default=None,
        min_length=1,
        pattern="^[^:]*$",
        description="Consumer group; floodline-<detector> if not given.",
    )
    instance: str | None = Field(
        default=None,
        min_length=1,
        pattern="^[^:]*$",
        description="Stable name of this member (a pod's name); one at random if not given.",
    )
    commit_interval_ms: int = Field(default=100, ge=10, le=10_000, description="One transaction.")
    transaction_timeout_ms: int = Field(default=10_000, ge=1_000, le=60_000, description="Kafka's.")
    session_timeout_ms: int = Field(default=10_000, ge=6_000, le=300_000, description="Kafka's.")
    rebalancing: Literal["cooperative-sticky", "range", "consumer"] = Field(
        default="cooperative-sticky",
        description="How the group shares partitions: the client's assignor, or Kafka 4's own "
        "protocol (consumer, KIP-848), whose session timeout is set at the broker.",
    )
    batch_size: int = Field(default=2_000, ge=1, le=10_000, description="Records per fetch call.")
    start: Literal["earliest", "latest"] = Field(
        default="earliest", description="Where a group without committed offsets begins."
    )
    warm_from: str | None = Field(
        default=None,
        description="What a model that begins anew learns first: earliest, offset:1200, "
        "time:2026-01-31T00:00:00Z or file:history.csv.",
    )
    on_lost_state: Literal["stop", "cold_start"] = Field(
        default="stop",
        description="When neither snapshot nor log can restore the model: stop, or begin anew.",
    )
    snapshot_every_events: int = Field(
        default=10_000, ge=100, description="Events of a partition between two snapshots."
    )
    snapshot_every_seconds: float = Field(
        default=300, gt=0, description="A partition with new events is kept at least this often."
    )
    static_membership: bool = Field(
        default=False,
        description="Keep the partitions of a member that restarts under its own instance within "
        "the session timeout; then a member that leaves for good is missed only after it. Needs an "
        "instance.",
    )
    dead_letter_ratio: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Share of dead letters in a partition's last 1,000 records that stops it.",
    )
    metrics_host: str = Field(default="127.0.0.1", description="Where /metrics listens.")
    metrics_port: int = Field(default=9101, ge=0, le=65_535, description="0 takes a free one.")


class DatabaseSection(Section):
    """Where alerts, labels and releases are kept."""

    url: SecretStr = Field(
        default=SecretStr("sqlite:///.floodline/floodline.db"),
        description="SQLAlchemy URL: sqlite:///file or postgresql+psycopg://user:password@host/db.",
    )


class ApiSection(Section):
    """The feedback API and its console."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=0, le=65_535, description="0 takes a free one.")
    auth: Literal["keys", "none"] = Field(
        default="keys", description="`none` is allowed on a loopback address only."
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=("127.0.0.1", "localhost", "[::1]"),
        description="Host headers that are answered, without the port.",
    )
    secure_cookie: bool = Field(
        default=False, description="Send the session cookie over HTTPS only."
    )
    session_hours: int = Field(default=12, ge=1, le=720, description="Life of a console session.")
    intake: bool = Field(default=True, description="Take alerts in from Kafka in this process.")


class TrainerSection(Section):
    """The schedule of recalibrations and retrains."""

    recalibrate_every_seconds: float = Field(default=300, gt=0, description="0.5 is half a second.")
    retrain_every_seconds: float = Field(default=86_400, gt=0, description="A day is 86400.")
    retrain_min_labels: int = Field(default=20, ge=2, description="Fewer labels start no retrain.")
    retrain_max_events: int = Field(
        default=200_000, ge=100, description="Newest events of each partition that are replayed."
    )
    held_out: float = Field(
        default=0.3, gt=0, lt=1, description="Last share of the range, kept for evaluation."
    )
    metrics_host: str = Field(default="127.0.0.1", description="Where /metrics listens.")
    metrics_port: int = Field(default=9103, ge=0, le=65_535, description="0 takes a free one.")


class MlflowSection(Section):
    """Where runs and models are logged."""

    tracking_uri: str = Field(
        default="sqlite:///.floodline/mlflow.db", description="MLflow's tracking URI."
    )
    artifacts: str = Field(
        default=".floodline/mlartifacts", description="Folder or URI of a new experiment's files."
    )
    experiment: str | None = Field(
        default=None, description="Experiment; floodline-<detector> if not given."
    )


class StoreOptions(Section):
    """How a bucket is reached; without key and secret, as AWS's own tools find credentials."""

    endpoint_url: str | None = Field(
        default=None, description="URL of an S3-compatible server; AWS if not given."
    )
    key: str | None = Field(default=None, description="Access key id.")
    secret: SecretStr | None = Field(default=None, description="Secret access key.")
    token: SecretStr | None = Field(default=None, description="Session token.")
    region: str | None = Field(default=None, description="Region of the bucket.")
    addressing_style: Literal["auto", "path", "virtual"] | None = Field(
        default=None, description="Whether the bucket stands in the path or in the host's name."
    )
    timeout_seconds: float | None = Field(
        default=None, ge=1, le=300, description="A call unanswered for so long is given up; 30."
    )

    def given(self) -> dict[str, str]:
        """The options that are set, as text, secrets in the clear."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in given.items()
            if value is not None
        }


class StoreSection(Section):
    """The store of model states that all processes share."""

    folder: str = Field(
        default=".floodline/states",
        min_length=1,
        description="A folder that all can reach, s3://bucket/prefix, or memory://name for tests.",
    )
    options: StoreOptions = Field(default=StoreOptions(), description="Of a bucket.")
    replaces: str | None = Field(
        default=None,
        description="Identity of a store that is gone for good and whose place this one takes.",
    )


class LogSection(Section):
    """Log lines on stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least."
    )
    format: Literal["text", "json"] = Field(default="text", description="json for machines.")


class Configuration(Section):
    """The whole of floodline.toml."""

    detector: DetectorSection
    model: ModelSection = ModelSection()
    threshold: ThresholdSection = ThresholdSection()
    review: ReviewSection = ReviewSection()
    feedback: FeedbackSection = FeedbackSection()
    kafka: KafkaSection = KafkaSection()
    consumer: ConsumerSection = ConsumerSection()
    database: DatabaseSection = DatabaseSection()
    api: ApiSection = ApiSection()
    trainer: TrainerSection = TrainerSection()
    mlflow: MlflowSection = MlflowSection()
    store: StoreSection = StoreSection()
    log: LogSection = LogSection()

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        _ = self.topics
        return self

    @property
    def topics(self) -> Topics:
        """The names of this detector's topics."""
        return Topics.of(self.detector.name, self.detector.topic)

    @property
    def schema_of_events(self) -> Schema:
        """What the decoder is told."""
        rules: dict[str, str | float] = {
            name: rule for name, rule in self.detector.missing.items() if rule != "refuse"
        }
        return Schema(features=self.detector.features, entity=self.detector.entity, missing=rules)

    @property
    def model_parameters(self) -> ModelParameters:
        """The model's parameters as the detection package takes them."""
        return self.model.as_parameters()

    @property
    def initial_rule(self) -> ThresholdRule:
        """The threshold before any release."""
        fixed = self.threshold.initial_score
        return ThresholdRule(
            score=fixed, rarity=None if fixed is not None else self.threshold.initial_rarity
        )

    @property
    def group(self) -> str:
        """The scoring consumer group."""
        return self.consumer.group or f"floodline-{self.detector.name}"
