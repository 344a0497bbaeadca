"""The threshold as JSON: what is in force, what it gives, where it goes."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from feedback_api.representations.moves import Rule
from feedback_api.representations.outlooks import Outlook
from feedback_api.representations.policies import PolicyInForce
from floodline.feedback.decision import Decision
from floodline.feedback.promise import Watch
from floodline.storage.controls import Controls
from floodline.storage.tables import ReleaseRow


class Freeze(BaseModel):
    """Who stopped the threshold, when and why."""

    by: str
    at: datetime
    reason: str

    @classmethod
    def of(cls, controls: Controls) -> "Freeze | None":
        """The freeze as it is shown; None where there is none."""
        by, at, reason = controls.frozen_by, controls.frozen_at, controls.frozen_reason
        if by is None or at is None or reason is None:
            return None
        return cls(by=by, at=at, reason=reason)


class Aim(BaseModel):
    """Where the policy would put the threshold by what is known now.

    `score` is the aim without guard rails, null where nothing speaks for any; `threshold` is what
    the next look of the trainer would set, the one in force where it is `held`.
    """

    outcome: Literal["moved", "held"]
    score: float | None
    kept: bool = Field(description="Whether the policy surely holds at `score`.")
    threshold: float | None
    rails: list[str] = Field(description="The guard rails that hold it back, by name.")
    reason: str

    @classmethod
    def of(cls, decision: Decision) -> "Aim":
        """The decision as it is shown."""
        return cls(
            outcome=decision.outcome,
            score=decision.aim,
            kept=decision.kept,
            threshold=decision.threshold_after,
            rails=list(decision.rails),
            reason=decision.reason,
        )


class PromiseWatch(BaseModel):
    """Whether what the policy promised holds on the alerts that came since the threshold was set.

    `broken` is said of a promise that is kept with a chance of at most 1 - `threshold.confidence`.
    """

    state: Literal["holds", "broken", "too_early"]
    alerts: int = Field(description="Raised since.")
    due: int = Field(description="Those of them that are older than answers usually take.")
    answers: int = Field(description="Those of the due ones with an answer.")
    reason: str

    @classmethod
    def of(cls, watch: Watch) -> "PromiseWatch":
        """The look as it is shown."""
        return cls(
            state=watch.state,
            alerts=watch.alerts,
            due=watch.due,
            answers=watch.answers,
            reason=watch.reason,
        )


class NewModel(BaseModel):
    """The evidence began anew: a retrain brought the model in force; its scores mean another thing.

    Labels on alerts and samples that the model before scored count no more for the threshold.
    """

    release: int = Field(description="The release that brought the model.")
    made_by: str
    made_at: datetime
    labels: int = Field(description="Labelled alerts and samples that count since.")
    needed: int = Field(description="`threshold.min_labels`: with fewer, labels move nothing.")
    text: str = Field(description="The same in words.")

    @classmethod
    def of(cls, row: ReleaseRow, labels: int, needed: int) -> "NewModel":
        """The release and what is known since, as they are shown."""
        noun = "label counts" if labels == 1 else "labels count"
        short = f", of the {needed} that a move by labels needs" if labels < needed else ""
        return cls(
            release=row.number,
            made_by=row.made_by,
            made_at=row.created_at,
            labels=labels,
            needed=needed,
            text=(
                f"the evidence began anew with release {row.number}, a retrained model, under "
                "which a score means something else: labels on what the model before scored count "
                f"no more for the threshold; {labels} {noun} since{short}"
            ),
        )


class Waiting(BaseModel):
    """Moves that wait: for another engineer's consent, or for the trainer to release them."""

    proposed: int
    approved: int


class Threshold(BaseModel):
    """The threshold in force.

    `release` is the number of the release that set it, 0 before any; then `made_by`, `made_at` and
    `reason` are null. It is `provisional` while the rule is a rarity. `threshold` is its score, or
    what stands in for it under a rarity rule: the median of the newest ones; null before any event.
    """

    detector: str
    rule: Rule
    threshold: float | None
    provisional: bool
    release: int
    made_by: str | None
    made_at: datetime | None
    reason: str | None
    policy: PolicyInForce
    new_model: NewModel | None = Field(description="Null before any retrain was released.")
    frozen: Freeze | None
    second_person: bool = Field(description="Whether a move needs another engineer's consent.")
    outlook: Outlook | None = Field(description="Null before anything was chosen for review.")
    aim: Aim
    watch: PromiseWatch | None = Field(description="Null where no promise can be tested.")
    waiting: Waiting
