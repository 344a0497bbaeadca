"""What labels teach the forest, as JSON."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from feedback_api.representations.moves import SaidReason
from floodline.storage.controls import Controls
from floodline.storage.tables import ReleaseRow


class TeachingOffRequest(BaseModel):
    """Why labels stop teaching."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: SaidReason


class TeachingOff(BaseModel):
    """Who took the lessons of labels out of the scores, when and why."""

    by: str
    at: datetime
    reason: str

    @classmethod
    def of(cls, controls: Controls) -> "TeachingOff | None":
        """The stop as it is shown; None where there is none."""
        by, at = controls.teaching_off_by, controls.teaching_off_at
        reason = controls.teaching_off_reason
        if by is None or at is None or reason is None:
            return None
        return cls(by=by, at=at, reason=reason)


class Taught(BaseModel):
    """The newest release that changed what labels teach."""

    release: int
    made_at: datetime
    reason: str
    labels: int | None = Field(description="Labels that teach.")
    share: float | None = Field(
        description="How much of their lessons is let through, 0 to 1: less where labels "
        "contradict each other or scores foretell them better without lessons."
    )
    agreement: float | None = Field(
        description="Share of the labels that came as those before them foretold; null before any."
    )
    largest: float | None = Field(description="The largest lesson that an event can get, in bits.")

    @classmethod
    def of(cls, row: ReleaseRow) -> "Taught":
        """The release as it is shown."""
        given = {
            name: row.figures.get(name) for name in ("labels", "share", "agreement", "largest")
        }
        return cls(release=row.number, made_at=row.created_at, reason=row.reason, **given)


class Teaching(BaseModel):
    """Whether labels teach the forest, and what they taught.

    `on` is true where the configuration says so (`configured`), the model can be taught
    (`teachable`: floodline's own profile) and nobody took the lessons out (`off`).
    """

    detector: str
    on: bool
    configured: bool
    teachable: bool
    off: TeachingOff | None
    taught: Taught | None = Field(description="Null before the first lesson.")
