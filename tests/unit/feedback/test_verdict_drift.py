"""Differences in verdicts on alike scores."""

import msgspec
import numpy as np

from floodline.feedback.evidence import Evidence
from floodline.feedback.verdict_drift import verdict_drift
from tests.unit.feedback.evidence_cases import Events, evidence

ANALYSTS = 4


def judged(draw: np.random.Generator, count: int, *, top_first: bool = False) -> Evidence:
    """Real ones are likelier at high scores; with `top_first`, analyst 0 sees only those."""
    scores = draw.random(count)
    real = draw.random(count) < scores
    found = evidence(list(zip(scores.tolist(), real.tolist(), strict=True)))
    analysts = draw.integers(ANALYSTS, size=count)
    if top_first:
        analysts = np.where(scores > 0.6, 0, analysts)
    return msgspec.structs.replace(
        found, answers=msgspec.structs.replace(found.answers, analysts=analysts)
    )


def test_alike_analysts_are_seldom_told_apart() -> None:
    """Of 300 teams that judge alike, at most two are said to differ."""
    draw = np.random.default_rng(3)
    assert sum(bool(verdict_drift(judged(draw, 400))) for _ in range(300)) <= 2


def test_who_is_given_the_top_of_the_queue_is_no_suspect() -> None:
    """A higher share of confirmed that the scores explain is not told."""
    draw = np.random.default_rng(4)
    assert sum(bool(verdict_drift(judged(draw, 400, top_first=True))) for _ in range(100)) <= 1


def test_an_analyst_who_answers_the_opposite_is_told() -> None:
    """One of four turns every answer round."""
    found = judged(np.random.default_rng(5), 400)
    theirs = found.answers.analysts == 2
    turned = msgspec.structs.replace(found.answers, real=found.answers.real ^ theirs)
    drifts = verdict_drift(msgspec.structs.replace(found, answers=turned))
    assert [each.analyst for each in drifts] == [2]


def test_an_analyst_who_confirms_nothing_is_told() -> None:
    """One of four says no to everything."""
    found = judged(np.random.default_rng(5), 400)
    theirs = found.answers.analysts == 2
    strict = msgspec.structs.replace(found.answers, real=found.answers.real & ~theirs)
    (drift,) = verdict_drift(msgspec.structs.replace(found, answers=strict))
    assert (drift.analyst, drift.share) == (2, 0.0)
    assert 0.35 < drift.expected < 0.65
    assert str(drift).startswith("one analyst judges alike scores unlike the others: 0% ")


def test_a_change_with_time_is_told() -> None:
    """From half the time on nothing is confirmed any more."""
    found = judged(np.random.default_rng(6), 400)
    newer = found.answers.ages <= 200
    strict = msgspec.structs.replace(found.answers, real=found.answers.real & ~newer)
    drifts = verdict_drift(msgspec.structs.replace(found, answers=strict))
    assert [each.analyst for each in drifts] == [None]
    assert str(drifts[0]).startswith("the newer half of the answers judges alike scores ")


def test_few_answers_tell_nothing() -> None:
    """Below twenty answers nobody is compared."""
    few: Events = [(0.5, item < 9) for item in range(19)]
    alike: Events = [(0.5, True) for _ in range(40)]
    assert verdict_drift(evidence(few)) == ()
    assert verdict_drift(evidence(alike)) == ()
