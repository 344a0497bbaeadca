"""What another threshold would have done, as JSON."""

from pydantic import BaseModel, ConfigDict, Field

from feedback_api.representations.outlooks import Outlook
from floodline.feedback import preview
from floodline.storage.tables import AlertRow

MOST_HOURS = 8_760


class PreviewRequest(BaseModel):
    """A threshold to compare with the one in force, on the last hours or on all there is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: float = Field(strict=True, ge=0, le=1)
    hours: float | None = Field(default=None, strict=True, gt=0, le=MOST_HOURS)


class NamedEvent(BaseModel):
    """An alert or a sample by which two thresholds differ."""

    id: str
    score: float
    entity: str | None
    verdict: str | None

    @classmethod
    def of(cls, row: AlertRow) -> "NamedEvent":
        """The row as it is shown."""
        return cls(id=row.id, score=row.score, entity=row.entity, verdict=row.verdict)


class Difference(BaseModel):
    """Events that one threshold alerts on and the other does not.

    Counts are estimates: a sample counts for as many events as it stands for.
    """

    events: float
    real: float = Field(description="Those that analysts call an anomaly.")
    false: float = Field(description="Those that they do not.")
    unanswered: float
    top: list[NamedEvent] = Field(description="The highest scores among those seen.")

    @classmethod
    def of(cls, difference: preview.Difference, top: list[AlertRow]) -> "Difference":
        """The difference as it is shown."""
        return cls(
            events=difference.events,
            real=difference.real,
            false=difference.false,
            unanswered=difference.unanswered,
            top=[NamedEvent.of(row) for row in top],
        )


class Preview(BaseModel):
    """The threshold in force and another one on the same past."""

    now: Outlook
    then: Outlook
    alerts_a_day_now: float | None = Field(description="Null where no time was seen.")
    alerts_a_day_then: float | None
    gained: Difference = Field(description="Alerts under the other threshold only.")
    lost: Difference = Field(description="Alerts under the threshold in force only.")

    @classmethod
    def of(cls, found: preview.Preview, gained: list[AlertRow], lost: list[AlertRow]) -> "Preview":
        """The preview as it is shown, with the rows of the events that it names."""
        return cls(
            now=Outlook.of(found.now),
            then=Outlook.of(found.then),
            alerts_a_day_now=found.alerts_a_day_now,
            alerts_a_day_then=found.alerts_a_day_then,
            gained=Difference.of(found.gained, gained),
            lost=Difference.of(found.lost, lost),
        )
