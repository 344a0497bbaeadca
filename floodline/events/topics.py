"""The names of a detector's topics."""

import re

import msgspec

from floodline.errors import ConfigurationError

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")


class Topics(msgspec.Struct, frozen=True):
    """Every topic that belongs to one detector; only `events` may belong to others too."""

    events: str
    alerts: str
    labels: str
    releases: str
    changes: str
    dead_letters: str

    @classmethod
    def of(cls, detector: str, events: str) -> "Topics":
        """The topics of `detector`, which reads `events`.

        Raises:
            ConfigurationError: the name does not fit into a topic's name.
        """
        if not _NAME.match(detector):
            raise ConfigurationError(
                f"detector.name is {detector!r}; use up to 63 lower-case letters, digits, '-', '_'"
            )
        return cls(
            events=events,
            alerts=f"{detector}.alerts",
            labels=f"{detector}.labels",
            releases=f"{detector}.releases",
            changes=f"{detector}.changes",
            dead_letters=f"{detector}.deadletters",
        )
