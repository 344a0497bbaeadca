"""What an answer changed, as JSON."""

from pydantic import BaseModel, Field

from feedback_api.representations.outlooks import Outlook
from feedback_api.representations.threshold import Aim
from floodline.feedback.decision import Decision


class Side(BaseModel):
    """What is known with the answers, or would be without them.

    `outlook` is that of the threshold in force, `then` that of the threshold at `aim.threshold`.
    """

    outlook: Outlook | None
    then: Outlook | None
    aim: Aim

    @classmethod
    def of(cls, decision: Decision) -> "Side":
        """The decision as it is shown."""
        return cls(
            outlook=None if decision.before is None else Outlook.of(decision.before),
            then=None if decision.after is None else Outlook.of(decision.after),
            aim=Aim.of(decision),
        )


class Receipt(BaseModel):
    """What the answers on one alert or sample changed."""

    alert_id: str
    answers: int = Field(description="Those that are looked at, one an analyst.")
    text: str = Field(description="The difference in one sentence.")
    lesson: str | None = Field(description="What the newest answer teaches the forest, if any.")
    moves: bool = Field(description="Whether they change where the threshold goes next.")
    without: Side
    now: Side
