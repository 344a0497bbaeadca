"""The names of a detector's topics."""

import re

import msgspec

from floodline.errors import ConfigurationError

_KEEP_FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")


class Topics(msgspec.Struct, frozen=True):
    """Every topic that belongs to one detector; only `events` may belong to others too."""

    events: str
    alerts: str
    samples: str
    labels: str
    releases: str
    changes: str
    dead_letters: str

    @classmethod
    def of(cls, detector: str, events: str) -> "Topics":
        """The topics of `detector`, which reads `events`.

        Raises:
            ConfigurationError: the name does not fit into a topic's name, or `events` is a topic
                that the detector writes to.
        """
        if not _NAME.match(detector):
            raise ConfigurationError(
                f"detector.name is {detector!r}; use up to 63 lower-case letters, digits, '-', '_'"
            )
        topics = cls(
            events=events,
            alerts=f"{detector}.alerts",
            samples=f"{detector}.samples",
            labels=f"{detector}.labels",
            releases=f"{detector}.releases",
            changes=f"{detector}.changes",
            dead_letters=f"{detector}.deadletters",
        )
        if events in topics.shapes(1):
            raise ConfigurationError(
                f"detector.topic {events!r} is one that detector {detector!r} writes to; "
                "rename the detector or read another topic"
            )
        return topics

    def shapes(self, partitions: int) -> dict[str, tuple[int, dict[str, str]]]:
        """Partitions and settings of each topic of our own, for an input of so many partitions."""
        return {
            self.alerts: (partitions, {}),
            self.samples: (partitions, {}),
            self.dead_letters: (partitions, {}),
            self.labels: (1, dict(_KEEP_FOR_EVER)),
            self.releases: (1, dict(_KEEP_FOR_EVER)),
            self.changes: (partitions, dict(_KEEP_FOR_EVER)),
        }
