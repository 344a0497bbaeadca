"""Where a run's labelled events came from, in MLflow's words."""

from typing import Any

from mlflow.data.dataset_source import DatasetSource


class KafkaSource(DatasetSource):
    """A range of a Kafka topic with the labels that SQL held for it."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    @staticmethod
    def _get_source_type() -> str:
        return "kafka"

    def load(self, **kwargs: Any) -> Any:
        """The run keeps the labelled events as an artifact; the topic is read by `retrain`."""
        raise NotImplementedError(f"{self.uri} is replayed by `floodline retrain`")

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:
        return False

    @classmethod
    def _resolve(cls, raw_source: Any) -> "KafkaSource":
        return cls(str(raw_source))

    def to_dict(self) -> dict[Any, Any]:
        """The source as JSON."""
        return {"uri": self.uri}

    @classmethod
    def from_dict(cls, source_dict: dict[Any, Any]) -> "KafkaSource":
        """The source that `to_dict` described."""
        return cls(str(source_dict["uri"]))
