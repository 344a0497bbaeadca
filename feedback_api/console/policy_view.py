"""The forms that change the policy: what each begins with."""

from dataclasses import dataclass

from feedback_api.console.shares import percent
from feedback_api.representations.policies import (
    BudgetPolicy,
    CostPolicy,
    PolicyInForce,
    PrecisionPolicy,
)
from floodline.configuration.threshold_section import ThresholdSection


@dataclass(frozen=True)
class PolicyForms:
    """The numbers in the forms: those in force, else those configured, else None.

    Attributes:
        at_least, precision: in percent.
        configured: the configured policy in words.
    """

    at_least: float
    per_hour: float | None
    precision: float
    miss: float | None
    false_alarm: float | None
    configured: str


def view_policy_forms(held: PolicyInForce, section: ThresholdSection) -> PolicyForms:
    """What the forms begin with."""
    policy, target = held.policy, percent(section.target_precision)
    budget = policy if isinstance(policy, BudgetPolicy) else None
    cost = policy if isinstance(policy, CostPolicy) else None
    return PolicyForms(
        at_least=percent(policy.at_least) if isinstance(policy, PrecisionPolicy) else target,
        per_hour=section.alerts_per_hour if budget is None else budget.per_hour,
        precision=target if budget is None else percent(budget.precision),
        miss=section.miss_cost if cost is None else cost.miss,
        false_alarm=section.false_alarm_cost if cost is None else cost.false_alarm,
        configured=str(section.configured_policy),
    )


def target_of(held: PolicyInForce) -> float | None:
    """The share of real alerts that is asked for, in percent; None where none is."""
    policy = held.policy
    if isinstance(policy, PrecisionPolicy):
        return percent(policy.at_least)
    return percent(policy.precision) if isinstance(policy, BudgetPolicy) else None
