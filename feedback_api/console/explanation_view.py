"""What the alert's page says of each feature, worked out before the template sees it."""

from dataclasses import dataclass

from feedback_api.representations.alerts import Explanation, FeatureContribution
from floodline.detection.explanation import BITS
from floodline.storage.tables import AlertRow

SHOWN = 8
_WIDE = 1_000.0
_WIDEST = 1e12


@dataclass(frozen=True)
class Bar:
    """One feature in words, and its share of the longest bar in percent."""

    feature: str
    value: str
    usual: str
    amount: str
    width: float
    outside: bool
    lowers: bool


@dataclass(frozen=True)
class ExplanationView:
    """The total in words, the features that count most, the others, and whether all are here.

    `taught`: labels moved the score, which is then not of this total alone.
    """

    total: str
    bars: list[Bar]
    more: list[Bar]
    whole: bool
    taught: bool


def view_explanation(alert: AlertRow) -> ExplanationView | None:
    """The alert's explanation for its page; None where it has none."""
    if alert.explanation is None:
        return None
    told = Explanation.model_validate(alert.explanation)
    longest = max((abs(each.contribution) for each in told.contributions), default=0.0)
    bars = [_bar(each, told.unit, longest) for each in told.contributions]
    named = {each.feature for each in told.contributions}
    total = _signed(told.total, told.unit).removeprefix("+")
    whole, taught = named >= set(alert.features), told.lesson != 0.0
    return ExplanationView(total, bars[:SHOWN], bars[SHOWN:], whole, taught)


def _bar(each: FeatureContribution, unit: str, longest: float) -> Bar:
    return Bar(
        feature=each.feature,
        value="missing" if each.value is None else plain(each.value),
        usual=_usual(each, unit),
        amount=_signed(each.contribution, unit),
        width=round(100 * abs(each.contribution) / longest, 2) if longest else 0.0,
        outside=_outside(each),
        lowers=each.contribution <= 0,
    )


def _usual(each: FeatureContribution, unit: str) -> str:
    """The range in words; under River's scale it is all that was seen so far."""
    word = "usually" if unit == BITS else "so far"
    if each.low is None or each.high is None:
        return "no usual range yet"
    low, high = plain(each.low), plain(each.high)
    return f"{word} {low}" if low == high else f"{word} {low} to {high}"


def _outside(each: FeatureContribution) -> bool:
    if each.value is None or each.low is None or each.high is None:
        return False
    return not each.low <= each.value <= each.high


def plain(value: float) -> str:
    """A number as people write it: four digits, or whole thousands with separators."""
    wide = _WIDE <= abs(value) < _WIDEST
    return _minus(f"{value:,.0f}" if wide else f"{value:.4g}")


def bits(value: float) -> str:
    """Bits to the tenth, with their sign."""
    return _signed(value, BITS)


def _signed(value: float, unit: str) -> str:
    text = f"{value:+.1f} bits" if unit == BITS else f"{value:+.4f}"
    return _minus(text[1:] if float(text.split()[0]) == 0 else text)


def _minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")
