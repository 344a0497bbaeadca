"""What an analyst can say of an alert, and what each answer counts as."""

from enum import StrEnum
from typing import Literal

Lesson = Literal["up", "down", "open"]
"""Which way a label moves alike events: towards an alert, away from it, or at once to ordinary."""


class Verdict(StrEnum):
    """One analyst's answer; `counts_as` tells what the threshold makes of it."""

    CONFIRMED = "confirmed"
    KNOWN_ISSUE = "known_issue"
    PLANNED = "planned"
    FALSE_ALARM = "false_alarm"
    NEW_NORMAL = "new_normal"
    MISSED = "missed"
    UNSURE = "unsure"

    @property
    def counts_as(self) -> bool | None:
        """True for an anomaly, False for none, None where the answer is left out."""
        return _COUNTS[self]

    @property
    def teaches(self) -> Lesson | None:
        """What the forest learns from it; None for what leaves no trace."""
        return _TEACHES.get(self)

    @property
    def meaning(self) -> str:
        """The verdict in plain words."""
        return _MEANING[self]


_COUNTS = {
    Verdict.CONFIRMED: True,
    Verdict.KNOWN_ISSUE: True,
    Verdict.PLANNED: None,
    Verdict.FALSE_ALARM: False,
    Verdict.NEW_NORMAL: False,
    Verdict.MISSED: True,
    Verdict.UNSURE: None,
}
_TEACHES: dict[Verdict, Lesson] = {
    Verdict.CONFIRMED: "up",
    Verdict.KNOWN_ISSUE: "up",
    Verdict.FALSE_ALARM: "down",
    Verdict.NEW_NORMAL: "open",
    Verdict.MISSED: "up",
}
_MEANING = {
    Verdict.CONFIRMED: "real, act on it",
    Verdict.KNOWN_ISSUE: "real, already being handled",
    Verdict.PLANNED: "real but expected",
    Verdict.FALSE_ALARM: "not an anomaly",
    Verdict.NEW_NORMAL: "was odd, is the new usual",
    Verdict.MISSED: "should have alerted",
    Verdict.UNSURE: "can't tell",
}
ON_ALERTS = tuple(verdict for verdict in Verdict if verdict is not Verdict.MISSED)
"""The verdicts that an alert can get; `missed` is for events that raised none."""
