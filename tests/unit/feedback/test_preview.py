"""What another threshold would have done."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floodline.feedback.preview import SHOWN, preview
from tests.unit.feedback.evidence_cases import EVENTS, Events, evidence

THRESHOLDS = st.floats(0, 1, width=32)


def test_gains_and_losses_are_told_by_what_analysts_said() -> None:
    """Each event between the two thresholds is real, false or unanswered, the highest first."""
    seen: Events = [(0.2, False), (0.6, True), (0.65, None), (0.55, False), (0.9, True)]
    up = preview(evidence(seen), now=0.5, then=0.7)
    assert (up.lost.events, up.lost.real, up.lost.false, up.lost.unanswered) == (3, 1, 1, 1)
    assert (up.lost.top, up.gained.top) == ((2, 1, 3), ())
    assert (up.alerts_a_day_now, up.alerts_a_day_then) == (4 / 4 * 24, 1 / 4 * 24)
    down = preview(evidence(seen), now=0.7, then=0.5)
    assert (down.gained, down.lost) == (up.lost, up.gained)


def test_a_sample_counts_for_as_many_events_as_it_stands_for() -> None:
    """Where 1 in 50 was drawn, one sample gained is 50 alerts more."""
    found = preview(evidence([(0.4, True), (0.6, None)], rate=0.02), now=0.5, then=0.3)
    assert (found.gained.events, found.gained.real) == pytest.approx((50, 50))
    assert found.gained.top == (0,)


def test_a_score_that_equals_the_threshold_is_an_alert() -> None:
    """A move to exactly the score of an event keeps it."""
    assert preview(evidence([(0.6, None)]), now=0.5, then=0.6).lost.events == 0


def test_without_events_nothing_is_known() -> None:
    """An empty past gives no rate and no share."""
    found = preview(evidence([]), now=0.5, then=0.6)
    assert (found.alerts_a_day_now, found.then.precision.value) == (None, None)
    assert (found.gained.events, found.lost.events) == (0, 0)


@pytest.mark.parametrize("then", [math.nan, math.inf])
def test_a_threshold_is_a_number(then: float) -> None:
    """No silent answer for what is no threshold."""
    with pytest.raises(ValueError, match="finite"):
        preview(evidence([]), now=0.5, then=then)


@settings(deadline=None)
@given(EVENTS, THRESHOLDS, THRESHOLDS, st.sampled_from([0.1, 1.0]))
def test_gains_and_losses_make_up_the_difference(
    seen: Events, now: float, then: float, rate: float
) -> None:
    """Alerts then = alerts now + gained - lost, and each part adds up."""
    given_evidence = evidence(seen, rate=rate)
    found = preview(given_evidence, now, then)
    for part in (found.gained, found.lost):
        assert part.events == pytest.approx(part.real + part.false + part.unanswered)
        scores = given_evidence.chosen.scores[list(part.top)]
        assert len(part.top) <= SHOWN
        assert (np.diff(scores) <= 0).all()
    assert not (found.gained.events and found.lost.events)
    if found.alerts_a_day_now is not None and found.alerts_a_day_then is not None:
        hours = given_evidence.reviewed().hours
        more = (found.alerts_a_day_then - found.alerts_a_day_now) * hours / 24
        assert more == pytest.approx(found.gained.events - found.lost.events, abs=1e-6)
