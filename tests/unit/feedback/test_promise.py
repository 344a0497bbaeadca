"""Whether a promise holds on live alerts."""

import msgspec
import numpy as np
import pytest

from floodline.feedback.evidence import Evidence
from floodline.feedback.policies import AlertBudget, Fixed, LeastCost, PrecisionTarget
from floodline.feedback.promise import Watch, usual_delay, watch
from tests.unit.feedback.evidence_cases import evidence

POLICY = PrecisionTarget(at_least=0.8)
CONFIDENCE = 0.9
LOOKS = 200


def stream(
    draw: np.random.Generator, alerts: int, real_at: tuple[float, float], answered: float = 0.3
) -> Evidence:
    """An alert an hour, real ones the likelier the higher the score, the top answered oftener."""
    scores = 0.5 + draw.random(alerts) / 2
    chance = np.interp(scores, (0.5, 1.0), real_at)
    real = draw.random(alerts) < chance
    asked = draw.random(alerts) < answered * 4 * (scores - 0.5)
    answers = [bool(hit) if told else None for hit, told in zip(real, asked, strict=True)]
    return evidence(list(zip(scores.tolist(), answers, strict=True)))


def until(found: Evidence, hour: int) -> Evidence:
    """What had been seen and said after so many hours."""
    count = found.chosen.scores.size
    chosen = {name: getattr(found.chosen, name)[:hour] for name in found.chosen.__struct_fields__}
    chosen["ages"] = chosen["ages"] - (count - hour)
    said = found.answers.where(found.answers.items < hour)
    return msgspec.structs.replace(
        found,
        chosen=msgspec.structs.replace(found.chosen, **chosen),
        answers=msgspec.structs.replace(said, ages=said.ages - (count - hour)),
    )


def looked(found: Evidence, delay: float | None = None) -> Watch:
    hours = float(found.chosen.scores.size)
    seen = watch(found, POLICY, CONFIDENCE, hours=hours, delay=delay)
    assert seen is not None
    return seen


def test_a_promise_that_is_just_kept_is_seldom_called_broken_over_200_looks() -> None:
    """30 streams with a precision of exactly 80 %, 200 looks each: at most 10 % cry wolf."""
    draw = np.random.default_rng(21)
    cried = 0
    for _ in range(30):
        whole = stream(draw, 5 * LOOKS, (0.65, 0.95))
        looks = (looked(until(whole, 5 * (look + 1))) for look in range(LOOKS))
        cried += any(each.state == "broken" for each in looks)
    assert cried <= 30 * (1 - CONFIDENCE)


def test_a_broken_promise_is_found() -> None:
    """At a precision of 55 % in place of 80 %, in 19 of 20 streams within 600 alerts."""
    draw = np.random.default_rng(22)
    states = [looked(stream(draw, 600, (0.4, 0.7))).state for _ in range(20)]
    assert states.count("broken") >= 19


def test_the_interval_is_told_with_the_reason() -> None:
    """State, figures and words agree."""
    found = looked(stream(np.random.default_rng(23), 600, (0.2, 0.4)))
    assert found.state == "broken"
    assert found.precision.value is not None
    assert 0.1 < found.precision.lower < found.precision.value < found.precision.upper < 0.8
    assert found.reason.endswith(f"to {found.precision.upper:.0%}), surely not at least 80%")


def test_few_alerts_or_answers_are_too_early() -> None:
    """Before 30 alerts and 20 answers nothing is said."""
    found = looked(stream(np.random.default_rng(24), 29, (0.0, 0.0), answered=9))
    assert (found.state, found.reason) == ("too_early", "29 alerts since; a look needs 30")
    found = looked(stream(np.random.default_rng(24), 100, (0.0, 0.0), answered=0.05))
    assert found.state == "too_early"
    assert found.reason.endswith("answered; a look needs 20")


def test_answers_on_alerts_younger_than_the_usual_delay_wait() -> None:
    """What was answered at once says nothing yet: it may be what is easily told."""
    found = stream(np.random.default_rng(25), 200, (0.0, 0.0), answered=9)
    assert looked(found).state == "broken"
    late = looked(found, delay=190.0)
    assert (late.state, late.alerts, late.due) == ("too_early", 200, 11)


def test_the_usual_delay_is_that_of_nine_of_ten_answers() -> None:
    """Nine answers at once, one after 100 hours."""
    found = evidence([(0.9, True) for _ in range(101)])
    ages = found.answers.ages.copy()
    ages[0] -= 100
    late = msgspec.structs.replace(found.answers, ages=ages).where(np.arange(101) < 2)
    delay = usual_delay(msgspec.structs.replace(found, answers=late))
    assert delay == pytest.approx(90)
    assert usual_delay(evidence([(0.9, None)])) is None


def test_samples_below_the_threshold_do_not_count() -> None:
    """The promise is about alerts."""
    found = evidence([(0.1, False) for _ in range(300)])
    assert looked(found).state == "too_early"


def test_a_budget_is_broken_by_too_many_alerts() -> None:
    """200 alerts in 200 hours, at most 0.5 an hour promised; 1.5 would be kept."""
    found = stream(np.random.default_rng(26), 200, (1.0, 1.0), answered=9)
    for per_hour, state in ((0.5, "broken"), (1.5, "holds")):
        policy = AlertBudget(per_hour=per_hour, precision=0.5)
        seen = watch(found, policy, CONFIDENCE, hours=200.0, delay=None)
        assert seen is not None
        assert seen.state == state
        assert seen.alerts_per_hour is not None
        assert seen.alerts_per_hour.value == 1.0
        assert 0.5 < seen.alerts_per_hour.lower < 1 < seen.alerts_per_hour.upper < 1.5


def test_verdicts_that_drift_are_said() -> None:
    """One who refuses everything makes the promise look broken; that is said with it."""
    found = stream(np.random.default_rng(27), 600, (1.0, 1.0), answered=9)
    analysts = np.arange(found.answers.items.size) % 2
    strict = msgspec.structs.replace(found.answers, analysts=analysts, real=analysts == 0)
    seen = looked(msgspec.structs.replace(found, answers=strict))
    assert seen.state == "broken"
    assert "; but one analyst judges alike scores unlike the others: " in seen.reason


@pytest.mark.parametrize("policy", [Fixed(), LeastCost(miss=10, false_alarm=1)])
def test_what_promises_nothing_is_not_watched(policy: Fixed | LeastCost) -> None:
    """A cost is least or not; a fixed threshold promises nothing."""
    assert watch(evidence([]), policy, CONFIDENCE, hours=1.0, delay=None) is None
