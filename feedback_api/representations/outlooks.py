"""What a threshold gives, as JSON."""

from pydantic import BaseModel, Field

from floodline.feedback import review_estimates, score_drift


class Estimate(BaseModel):
    """A number between its bounds; null where nothing is known."""

    value: float | None
    lower: float | None
    upper: float | None

    @classmethod
    def of(cls, estimate: review_estimates.Estimate) -> "Estimate":
        """The estimate as it is shown."""
        return cls(value=estimate.value, lower=estimate.lower, upper=estimate.upper)


class ScoreDrift(BaseModel):
    """How the scores drift."""

    a_day: float = Field(description="Change of the mean rank in a day; ranks lie in [0, 1].")
    half_life_hours: float = Field(description="After so long a false alarm counts half.")

    @classmethod
    def of(cls, drift: score_drift.ScoreDrift) -> "ScoreDrift":
        """The drift as it is shown."""
        return cls(a_day=drift.a_day, half_life_hours=drift.half_life)

    def __str__(self) -> str:
        return str(score_drift.ScoreDrift(a_day=self.a_day, half_life=self.half_life_hours))


class Outlook(BaseModel):
    """What a threshold gives, as far as the reviews tell."""

    threshold: float
    confidence: float = Field(description="Of the intervals, both sides together.")
    answers: int = Field(description="Alerts and samples with an answer that counts.")
    precision: Estimate = Field(description="Share of real ones among the alerts.")
    recall: Estimate = Field(description="Share of the real ones that are alerts.")
    alerts_per_hour: Estimate
    wrong: float | None = Field(
        default=None,
        description="Share of wrong answers, by second opinions; null with too few of these.",
    )
    second_opinions: int = Field(
        default=0, description="Answers that were given without knowing what others had said."
    )
    drift: ScoreDrift | None = Field(
        default=None,
        description="How the scores drift, where false alarms count by age because of it.",
    )

    @classmethod
    def of(cls, outlook: review_estimates.Outlook) -> "Outlook":
        """The outlook as it is shown."""
        return cls(
            threshold=outlook.threshold,
            confidence=outlook.confidence,
            answers=outlook.answers,
            precision=Estimate.of(outlook.precision),
            recall=Estimate.of(outlook.recall),
            alerts_per_hour=Estimate.of(outlook.alerts_per_hour),
            wrong=outlook.wrong,
            second_opinions=outlook.second_opinions,
            drift=None if outlook.drift is None else ScoreDrift.of(outlook.drift),
        )
