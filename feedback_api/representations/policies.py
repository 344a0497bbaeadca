"""The threshold's policy as JSON, told apart by `type`."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from floodline.feedback.policies import LARGEST, Policy
from floodline.storage.controls import Controls


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PrecisionPolicy(_Told):
    """At least this share of the alerts is real."""

    type: Literal["precision"]
    at_least: float = Field(strict=True, gt=0, lt=1)


class BudgetPolicy(_Told):
    """At most so many alerts an hour, and at least this share of them real."""

    type: Literal["budget"]
    per_hour: float = Field(strict=True, gt=0, le=LARGEST)
    precision: float = Field(strict=True, gt=0, lt=1)


class CostPolicy(_Told):
    """The least expected cost of what is missed and of what is raised for nothing."""

    type: Literal["cost"]
    miss: float = Field(strict=True, gt=0, le=LARGEST)
    false_alarm: float = Field(strict=True, gt=0, le=LARGEST)


class FixedPolicy(_Told):
    """Where a person put it; labels move nothing."""

    type: Literal["fixed"]


AnyPolicy = Annotated[
    PrecisionPolicy | BudgetPolicy | CostPolicy | FixedPolicy, Field(discriminator="type")
]


def as_policy(told: AnyPolicy) -> Policy:
    """The policy that a body tells."""
    policy: Policy = msgspec.convert(told.model_dump(), Policy)
    return policy


class PolicyInForce(BaseModel):
    """What the threshold must hold now.

    `configured` says whether it is the configuration's; `set_by` and `set_at` tell who changed the
    policy last, null where nobody ever did.
    """

    policy: AnyPolicy
    words: str
    configured: bool
    set_by: str | None
    set_at: datetime | None

    @classmethod
    def of(cls, policy: Policy, controls: Controls) -> "PolicyInForce":
        """The policy as it is shown."""
        return cls.model_validate(
            {
                "policy": msgspec.to_builtins(policy),
                "words": str(policy),
                "configured": controls.policy is None,
                "set_by": controls.policy_by,
                "set_at": controls.policy_at,
            }
        )
