"""Peaks over threshold: against SciPy's fit, known tails, and rows that have none."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import genpareto

from floodline.detection.kernels import peaks as kernels
from floodline.detection.kernels.logarithm import exp2
from floodline.detection.peaks import FEWEST, SHARE, Tail, fitted, rare_score

Floats = NDArray[np.float64]
score = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1))


@pytest.fixture(autouse=True, scope="module")
def compiled_kernels() -> None:
    """No test waits for the compiler within its deadline."""
    kernels.prepare()


def excesses(scores: Floats, tail: Tail) -> Floats:
    """What the peaks have over the level."""
    return scores[scores > tail.level] - tail.level


def told(tail: Tail, over: Floats) -> float:
    """The tail's log-likelihood by SciPy."""
    return float(genpareto.logpdf(over, tail.shape, 0, tail.scale).sum())


@pytest.mark.parametrize("count", [300, 1_000, 9_000])
@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.3, 1.0])
def test_no_tail_is_likelier_than_the_one_found(shape: float, count: int) -> None:
    """SciPy's simplex search over two numbers finds nothing better, and the same tail."""
    scores = genpareto.rvs(shape, scale=0.1, size=count, random_state=count + 1)
    tail = fitted(scores, weight=0.0)
    assert tail is not None
    over = excesses(scores, tail)
    theirs, _, scale = genpareto.fit(over, floc=0)
    assert told(tail, over) >= genpareto.logpdf(over, theirs, 0, scale).sum() - 1e-4
    assert tail.shape == pytest.approx(theirs, abs=1e-2)
    assert tail.scale == pytest.approx(scale, rel=1e-2)
    assert tail.share * count == over.size == count // SHARE


def test_the_prior_is_a_penalty_on_the_shape() -> None:
    """With it, no shape has a higher likelihood less weight times the shape squared."""
    scores = genpareto.rvs(-0.6, scale=0.1, size=300, random_state=1)
    tail = fitted(scores, weight=10.0)
    assert tail is not None
    over = excesses(scores, tail)
    best = told(tail, over) - 10 * tail.shape**2
    for shape in np.linspace(-0.9, 0.5, 57):
        for scale in np.geomspace(tail.scale / 3, tail.scale * 3, 41):
            other = tail._replace(shape=float(shape), scale=float(scale))
            assert told(other, over) - 10 * shape**2 <= best + 1e-9


def even(count: int) -> Floats:
    """Shares from just above 0 to just below 1, evenly."""
    return (np.arange(count) + 0.5) / count


@pytest.mark.parametrize(
    ("quantiles", "expected", "within"),
    [
        (-np.log1p(-even(4_000)), -math.log(1e-4), 0.15),
        (even(4_000), 1 - 1e-4, 1e-4),
        ((1 - even(4_000)) ** -0.5, 1e-4**-0.5, 12.0),
    ],
    ids=["exponential", "uniform", "heavy"],
)
def test_known_tails_have_their_quantiles(
    quantiles: Floats, expected: float, within: float
) -> None:
    """One in 10,000 is told from 4,000 ideal values of each."""
    tail = fitted(quantiles, weight=0.0)
    assert tail is not None
    assert tail.quantile(1e-4) == pytest.approx(expected, abs=within)


def test_a_rare_score_is_about_as_rare_as_asked() -> None:
    """Over 400 rows of 500 scores, a score is reached about as often as said: here, as 1 in 2,000.

    The tail is that of the forest's scores: exponential in bits, 1 at most.
    """
    draw, rates = np.random.default_rng(5), []
    for _ in range(400):
        rare = rare_score(1 - np.exp2(-draw.exponential(0.5, 500)), 0.0005)
        assert rare is not None
        rates.append(np.exp(np.log2(1 - rare) / 0.5) if rare < 1 else 0.0)
    assert 0.5 < np.mean(rates) / 0.0005 < 2


@given(
    scores=st.lists(score, max_size=400),
    few=st.integers(1, 4),
    rarity=st.floats(1e-7, 0.05),
)
@example(scores=[1.0] * 300, few=1, rarity=0.001)
@example(scores=[0.0] * 300 + [5e-324 * each for each in range(40)], few=1, rarity=0.001)
@example(scores=[0.5] * 1_800 + [1.0] * 200, few=1, rarity=0.001)
@example(scores=even(400).tolist(), few=4, rarity=1e-7)
def test_an_answer_is_a_score(scores: list[float], few: int, rarity: float) -> None:
    """Whatever comes, the answer is none or lies in [0, 1], and is never NaN."""
    rare = rare_score(np.array(scores * few), rarity)
    assert rare is None or 0 <= rare <= 1


def test_scores_without_a_tail_have_no_answer() -> None:
    """Too few, all equal, tied at the level, infinite, or rarer than the peaks are: none."""
    draw = np.random.default_rng(2)
    least = FEWEST * SHARE
    plain = draw.random(least)
    assert rare_score(plain, 0.001) is not None
    assert rare_score(plain[1:], 0.001) is None
    assert rare_score(plain, 0.1) is None
    assert rare_score(np.full(5_000, 0.5), 0.001) is None
    assert rare_score(np.minimum(plain, np.quantile(plain, 0.85)), 0.001) is None
    assert rare_score(np.append(plain, math.inf), 0.001) is None
    assert rare_score(np.where(plain < 0.95, -math.inf, plain), 0.001) is None


def test_groups_of_equal_scores_are_no_tail() -> None:
    """Ten of 1,000 scores are 1: no threshold is told that one in 1,000 should reach."""
    scores = np.random.default_rng(4).random(990)
    assert rare_score(np.append(scores, np.ones(3)), 0.001) is not None
    assert rare_score(np.append(scores, np.ones(10)), 0.001) is None


def test_the_order_of_arrival_means_nothing() -> None:
    """A shuffled row has the same answer to the bit."""
    draw = np.random.default_rng(3)
    scores = draw.random(700)
    assert rare_score(scores, 0.001) == rare_score(draw.permutation(scores), 0.001)


def test_compiled_and_interpreted_bits_agree() -> None:
    """The machine code has the bits of the same steps in plain Python, so no step is fused."""
    draw = np.random.default_rng(6)
    for theta in (exp2(turn) - 1.0 for turn in (-19.5, -3.0, -0.01, 0.25, 8.0, 16.0)):
        row = np.sort(draw.random(77))
        kernel: Any = kernels.mean_log
        assert kernel(row, theta) == kernel.py_func(row, theta)
        other: Any = kernels.excess
        assert other(theta, 0.1, 0.01) == other.py_func(theta, 0.1, 0.01)
