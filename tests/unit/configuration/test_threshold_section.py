"""Policy and guard rails as the configuration sets them."""

from typing import Any

import pytest
from pydantic import ValidationError

from floodline.configuration.threshold_section import ThresholdSection
from floodline.feedback.decision import GuardRails
from floodline.feedback.policies import AlertBudget, Fixed, LeastCost, Policy, PrecisionTarget


@pytest.mark.parametrize(
    ("given", "policy"),
    [
        ({}, PrecisionTarget(at_least=0.8)),
        ({"target_precision": 0.6}, PrecisionTarget(at_least=0.6)),
        (
            {"policy": "budget", "alerts_per_hour": 12, "target_precision": 0.5},
            AlertBudget(per_hour=12, precision=0.5),
        ),
        (
            {"policy": "cost", "miss_cost": 50, "false_alarm_cost": 2},
            LeastCost(miss=50, false_alarm=2),
        ),
        ({"policy": "fixed"}, Fixed()),
    ],
)
def test_the_configured_policy(given: dict[str, Any], policy: Policy) -> None:
    """Each name is a policy with its own numbers."""
    assert ThresholdSection(**given).configured_policy == policy


def test_the_guard_rails_speak_of_hours() -> None:
    """Minutes in the file, hours in the decision; the rest as it is."""
    section = ThresholdSection(cool_down_minutes=30, min_labels=5, floor=0.1, ceiling=0.99)
    assert section.rails == GuardRails(
        min_labels=5,
        largest_step=0.5,
        smallest_step=0.02,
        cool_down=0.5,
        analyst_step=4.0,
        floor=0.1,
        ceiling=0.99,
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"policy": "budget"}, "policy 'budget' needs alerts_per_hour: set"),
        ({"policy": "cost"}, "policy 'cost' needs miss_cost and false_alarm_cost: set"),
        ({"policy": "cost", "miss_cost": 1}, "policy 'cost' needs false_alarm_cost: set"),
        ({"policy": "budget", "alerts_per_hour": 0}, "alerts_per_hour"),
        ({"policy": "budget", "alerts_per_hour": float("inf")}, "alerts_per_hour"),
        ({"floor": 0.9, "ceiling": 0.9}, "floor 0.9 is not below ceiling 0.9: lower the floor"),
        ({"initial_score": 0.2, "floor": 0.5}, "initial_score 0.2 lies outside floor 0.5"),
        ({"look_back_hours": 1e9}, "look_back_hours"),
        ({"analyst_step": 0.5}, "analyst_step"),
        ({"label_window": 100}, "label_window"),
    ],
)
def test_what_does_not_fit_together_is_refused(given: dict[str, Any], said: str) -> None:
    """And the message says what to set."""
    with pytest.raises(ValidationError) as refused:
        ThresholdSection(**given)
    assert said in str(refused.value)
