"""What a threshold gives, in words."""

from typing import Protocol

from floodline.feedback.answer_noise import wrong_words
from floodline.feedback.spoken_rate import spoken_rate


class Share(Protocol):
    """A share between its bounds; None where nothing is known."""

    @property
    def value(self) -> float | None:
        """The estimate."""

    @property
    def lower(self) -> float | None:
        """The end below."""

    @property
    def upper(self) -> float | None:
        """The end above."""


class Foreseen(Protocol):
    """What a threshold gives, as the trainer or the API tells it."""

    @property
    def confidence(self) -> float:
        """Of the intervals."""

    @property
    def answers(self) -> int:
        """Events with an answer."""

    @property
    def precision(self) -> Share:
        """Share of real ones among the alerts."""

    @property
    def recall(self) -> Share:
        """Share of the real ones that are alerts."""

    @property
    def alerts_per_hour(self) -> Share:
        """Alerts an hour."""

    @property
    def wrong(self) -> float | None:
        """The share of wrong answers."""

    @property
    def second_opinions(self) -> int:
        """Answers that were given without knowing of another."""

    @property
    def drift(self) -> object | None:
        """How the scores drift, in words."""


def foreseen(found: Foreseen) -> str:
    """Precision, recall and rate, each with its interval, in one line."""
    recall = f"recall {share_words(found.recall)}"
    if found.recall.value is None:
        recall = "recall unknown: nothing real was found yet"
    hourly = found.alerts_per_hour.value
    alerts = "" if hourly is None else f", {spoken_rate(hourly)} alerts an hour"
    drift = "" if found.drift is None else f"; {found.drift}"
    return (
        f"precision {share_words(found.precision)}, {recall}{alerts} "
        f"({found.answers} answered, {found.confidence:.0%} intervals; "
        f"{wrong_words(found.wrong, found.second_opinions)}{drift})"
    )


def share_words(share: Share) -> str:
    """A share and its interval."""
    if share.value is None:
        return "unknown"
    return f"{share.value:.0%} ({share.lower:.0%} to {share.upper:.0%})"
