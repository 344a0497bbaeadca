"""What labels added to an alert's score, and what is alike, as JSON."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from floodline.storage.alerts import Kind

MOST_LABELS = 50
MOST_ALIKE = 100


class LessonQuery(BaseModel):
    """How many labels are told one by one; an unknown parameter is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(default=5, ge=1, le=MOST_LABELS, description="Most labels one by one.")


class LabelEffect(BaseModel):
    """What one label added to an alert's lesson.

    `effect` is in bits, above 0 where it raises the alert; `likeness` is that of the label's own
    event, in [0, 1]; `share` its part of all that labels added or took away.
    """

    label_id: str
    alert_id: str
    name: str = Field(description="The entity of the label's event, or what else names it.")
    verdict: str
    analyst: str
    created_at: datetime
    likeness: float
    effect: float
    share: float
    text: str = Field(description="The same in words.")


class Rest(BaseModel):
    """The other labels together."""

    labels: int
    effect: float
    share: float


class Lesson(BaseModel):
    """What labels made of an alert's score.

    `published` is the lesson as the alert was published with it, in bits, the sum of all labels'
    effects as the guard let them through; `effect` is what came of it: a rejection brings an event
    down to the ordinary, never below. `total` and `usual` are the alert's plain bits and those of
    an ordinary event.
    """

    alert_id: str
    published: float
    effect: float
    total: float | None
    usual: float | None
    release: int | None = Field(description="The release that taught; null where none did.")
    labels: int
    items: list[LabelEffect] = Field(description="The largest effects, the largest first.")
    rest: Rest
    untold: float = Field(
        description="What `published` has beyond all these, in bits: of labels on events that "
        "another model scored, say."
    )


class AlikeQuery(BaseModel):
    """How many alike alerts; an unknown parameter is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(default=10, ge=1, le=MOST_ALIKE, description="Most alerts.")


class AlikeAlert(BaseModel):
    """An alert or sample, and how alike it is: 1 for the same leaf in every tree, 0 for none."""

    id: str
    name: str = Field(description="Its entity, or what else names it.")
    kind: Kind
    likeness: float
    score: float
    verdict: str | None
    muted_by: str | None
    event_at: datetime | None
    received_at: datetime


class AlikeAlerts(BaseModel):
    """What is most alike an alert, the most alike first.

    `looked_at` is how many were compared: the newest alerts and samples that the same model scored.
    """

    alert_id: str
    looked_at: int
    items: list[AlikeAlert]
