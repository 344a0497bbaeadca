"""Precision by segment as JSON: the alerts of one entity are a segment."""

from pydantic import BaseModel, ConfigDict, Field

from feedback_api.representations.outlooks import Estimate

MOST_SEGMENTS = 200
SEGMENTS = 20


class SegmentQuery(BaseModel):
    """How many segments; an unknown parameter is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(
        default=SEGMENTS, ge=1, le=MOST_SEGMENTS, description="Most segments in the answer."
    )


class Segment(BaseModel):
    """One entity's alerts at the threshold in force.

    `precision` has nulls, and `borrowed` is null, while no alert of any segment has an answer.
    """

    entity: str | None = Field(description="Null: of events that name none.")
    alerts: int = Field(description="Alerts and samples seen at or above the threshold in force.")
    answers: int = Field(description="Those of them with an answer that counts.")
    precision: Estimate = Field(description="Share of real ones, partially pooled.")
    borrowed: float | None = Field(
        description="Share of the estimate that comes from the other segments, 0 to 1."
    )


class Segments(BaseModel):
    """Precision by segment, most alerts first.

    `threshold` is as in `Threshold`. `segments` is empty where there is no alert, or none names an
    entity: `reason` says which.
    """

    detector: str
    threshold: float | None
    confidence: float = Field(description="Of the intervals, both sides together.")
    total: int = Field(description="Segments with alerts; the list has the first of them.")
    alike: bool | None = Field(
        description="Whether the answers tell no difference between segments, so that all are "
        "pooled; null where there is nothing to compare."
    )
    reason: str
    segments: list[Segment]
