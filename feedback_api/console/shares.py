"""Shares between their bounds, as pages show them."""

from dataclasses import dataclass

from feedback_api.representations.outlooks import Estimate

_WHOLE = 100.0


@dataclass(frozen=True)
class Share:
    """A share in words, its interval, and both in percent of a bar.

    Attributes:
        target: what the policy asks for, in percent; None where it asks for nothing.
    """

    name: str
    value: str
    between: str
    low: float
    high: float
    at: float | None
    target: float | None


def share_of(name: str, estimate: Estimate, target: float | None) -> Share:
    """The share in words and in percent."""
    low, high = estimate.lower, estimate.upper
    return Share(
        name=name,
        value="unknown" if estimate.value is None else f"{estimate.value:.1%}",
        between="" if low is None or high is None else f"{low:.1%} to {high:.1%}",
        low=0.0 if low is None else percent(low),
        high=_WHOLE if high is None else percent(high),
        at=None if estimate.value is None else percent(estimate.value),
        target=target,
    )


def percent(share: float) -> float:
    """The share in percent, to two places."""
    return round(share * _WHOLE, 2)
