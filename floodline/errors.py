"""Errors named by who must act."""


class FloodlineError(Exception):
    """The base of every error that floodline raises on purpose."""

    exit_code = 1


class ConfigurationError(FloodlineError):
    """The operator must change a setting, a file or an argument; a retry cannot help."""

    exit_code = 3


class DependencyDown(FloodlineError):  # noqa: N818  # it reads as the sentence it is
    """Kafka, SQL, MLflow or the store does not answer; the operator brings it back."""

    exit_code = 4


class InvalidEvent(FloodlineError):  # noqa: N818
    """The record cannot be scored; its producer must act, and the dead-letter topic keeps it.

    `reason` is a stable word for counting (`undecodable`, `missing_feature`, ...); `field` is the
    feature or field at fault, where there is one.
    """

    def __init__(self, reason: str, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.field = field


class StateRefused(FloodlineError):  # noqa: N818
    """Kept state is damaged, foreign or of another format; the operator chooses another."""


class NotFound(FloodlineError):  # noqa: N818
    """The caller named something that is not there."""


class Conflict(FloodlineError):  # noqa: N818
    """The caller's request contradicts what is stored; the caller must read again and decide."""


class Refused(FloodlineError):  # noqa: N818
    """The caller may not do this, or not so; another role or another request is needed."""
