"""Labels as JSON."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from feedback_api.representations.text import Note, Reason
from floodline.feedback.verdicts import Verdict
from floodline.storage.labels import SignedLabel


class LabelRequest(BaseModel):
    """A verdict on an alert; the analyst is who sends it, so a field for that is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verdict: str = Field(description="One of /api/v1/verdicts.")
    reason: Reason | None = Field(default=None, description="Why, in a few words.")
    note: Note | None = Field(default=None, description="Whatever helps the next reader.")


class Label(BaseModel):
    """One analyst's label; `current` until a later one of the same analyst supersedes it."""

    id: str
    alert_id: str
    verdict: str
    reason: str | None
    note: str | None
    analyst: str
    created_at: datetime
    supersedes: str | None
    current: bool

    @classmethod
    def of(cls, signed: SignedLabel) -> "Label":
        """The label as it is shown."""
        row = signed.row
        return cls(
            id=row.id,
            alert_id=row.alert_id,
            verdict=row.verdict,
            reason=row.reason,
            note=row.note,
            analyst=signed.analyst,
            created_at=row.created_at,
            supersedes=row.supersedes,
            current=signed.current,
        )


class LabelHistory(BaseModel):
    """Every label on an alert, the first one first."""

    items: list[Label]


class VerdictMeaning(BaseModel):
    """A verdict, and what the threshold makes of it; null where it is left out."""

    verdict: str
    meaning: str
    counts_as: bool | None

    @classmethod
    def of(cls, verdict: Verdict) -> "VerdictMeaning":
        """The verdict as it is shown."""
        return cls(verdict=verdict, meaning=verdict.meaning, counts_as=verdict.counts_as)


class Verdicts(BaseModel):
    """The verdicts that an alert can get."""

    items: list[VerdictMeaning]
