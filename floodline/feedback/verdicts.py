"""What an analyst can say of an alert, and what each answer counts as."""

from enum import StrEnum


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
