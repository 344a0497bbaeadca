"""When a score becomes an alert: the first threshold, the policy, and the guard rails."""

from typing import Literal, Self

from pydantic import Field, model_validator

from floodline.configuration.section import Section
from floodline.feedback.decision import GuardRails
from floodline.feedback.policies import (
    LARGEST,
    AlertBudget,
    Fixed,
    LeastCost,
    Policy,
    PrecisionTarget,
)


class ThresholdSection(Section):
    """When a score becomes an alert, and how labels move that."""

    initial_rarity: float = Field(
        default=0.001,
        ge=0.00002,
        lt=1,
        description="Before any release: alert on this share of the events, the rarest among a "
        "partition's last 10,000. Such alerts are provisional. Before 1 / initial_rarity events "
        "after the warm-up the threshold is extrapolated from the highest scores, and before a "
        "fifth of them, or 200, there is none: 0.001 gives no alert before event 451.",
    )
    initial_score: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Before any release: a fixed threshold in place of initial_rarity.",
    )
    policy: Literal["precision", "budget", "cost", "fixed"] = Field(
        default="precision",
        description="What the threshold is moved for: target_precision; alerts_per_hour beside it; "
        "the least cost of misses and false alarms; or nothing, a person sets it.",
    )
    target_precision: float = Field(
        default=0.8, gt=0, lt=1, description="Share of alerts that should be real."
    )
    alerts_per_hour: float | None = Field(
        default=None,
        gt=0,
        le=LARGEST,
        description="Most alerts an hour; needed by policy budget.",
    )
    miss_cost: float | None = Field(
        default=None,
        gt=0,
        le=LARGEST,
        description="Cost of an anomaly that is missed; needed by policy cost.",
    )
    false_alarm_cost: float | None = Field(
        default=None,
        gt=0,
        le=LARGEST,
        description="Cost of a false alarm; needed by policy cost.",
    )
    confidence: float = Field(
        default=0.9, gt=0.5, lt=1, description="Confidence of the bound that must meet the policy."
    )
    min_labels: int = Field(default=30, ge=1, description="Fewer labels move nothing.")
    largest_step: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Most that one move takes of the gap between threshold and 1, as a share; a "
        "move down gives back at most as much.",
    )
    smallest_step: float = Field(
        default=0.02, ge=0, lt=1, description="A smaller move, as a share of the gap, is not made."
    )
    cool_down_minutes: float = Field(
        default=10,
        ge=0,
        allow_inf_nan=False,
        description="Between two moves; a person's moves and policies go ahead.",
    )
    analyst_step: float = Field(
        default=4.0,
        ge=1,
        allow_inf_nan=False,
        description="The gap differs from the one without any one analyst's labels of the last day "
        "by at most this factor.",
    )
    floor: float = Field(default=0.0, ge=0, le=1, description="Labels move it no lower.")
    ceiling: float = Field(default=1.0, ge=0, le=1, description="Labels move it no higher.")
    second_person: bool = Field(
        default=False, description="A move takes effect only once a second person approves it."
    )
    look_back_hours: float = Field(
        default=720,
        gt=0,
        le=87_600,
        description="Alerts and samples older than this, and their labels, are not looked at.",
    )
    half_life_hours: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="After so long an event counts half; without it age does not matter.",
    )

    @model_validator(mode="after")
    def _policy_is_whole(self) -> Self:
        needed = {
            "budget": ("alerts_per_hour",),
            "cost": ("miss_cost", "false_alarm_cost"),
        }.get(self.policy, ())
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(
                f"policy {self.policy!r} needs {' and '.join(missing)}: set them, or another policy"
            )
        return self

    @model_validator(mode="after")
    def _bounds_leave_room(self) -> Self:
        if not self.floor < self.ceiling:
            raise ValueError(
                f"floor {self.floor:g} is not below ceiling {self.ceiling:g}: lower the floor or "
                "raise the ceiling"
            )
        first = self.initial_score
        if first is not None and not self.floor <= first <= self.ceiling:
            raise ValueError(
                f"initial_score {first:g} lies outside floor {self.floor:g} and ceiling "
                f"{self.ceiling:g}: move one of them"
            )
        return self

    @property
    def configured_policy(self) -> Policy:
        """What the threshold holds unless people have set another policy."""
        if self.policy == "budget" and self.alerts_per_hour is not None:
            return AlertBudget(per_hour=self.alerts_per_hour, precision=self.target_precision)
        if self.policy == "cost" and None not in (self.miss_cost, self.false_alarm_cost):
            return LeastCost(miss=self.miss_cost or 0.0, false_alarm=self.false_alarm_cost or 0.0)
        if self.policy == "fixed":
            return Fixed()
        return PrecisionTarget(at_least=self.target_precision)

    @property
    def rails(self) -> GuardRails:
        """How far and how often labels may move the threshold."""
        return GuardRails(
            min_labels=self.min_labels,
            largest_step=self.largest_step,
            smallest_step=self.smallest_step,
            cool_down=self.cool_down_minutes / 60,
            analyst_step=self.analyst_step,
            floor=self.floor,
            ceiling=self.ceiling,
        )
