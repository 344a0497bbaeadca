"""How labels teach the forest."""

from pydantic import Field

from floodline.configuration.section import Section


class FeedbackSection(Section):
    """Whether labels teach the forest, and how fast."""

    teach: bool = Field(
        default=True, description="Labels move the scores of events like theirs; default profile."
    )
    teach_every_seconds: float = Field(
        default=1.0,
        ge=1,
        allow_inf_nan=False,
        description="Shortest time between two releases that teach; labels meanwhile share one.",
    )
    half_life_hours: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="After so long a label teaches half as much; by default age does not matter.",
    )
