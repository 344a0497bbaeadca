"""Made streams whose order says nothing: kinds of anomaly, and of usual rows, by generator."""

from collections.abc import Callable

import numpy as np

from benchmarks.detection.labelled_stream import Rows, Truth

Generator = np.random.Generator
Made = tuple[Rows, Truth]


def _mixed(draw: Generator, usual: Rows, odd: Rows) -> Made:
    rows = np.vstack([usual, odd])
    places = draw.permutation(len(rows))
    return rows[places], (np.arange(len(rows)) >= len(usual))[places]


class _Clusters:
    """Normal clusters, each with its own directions and spreads."""

    def __init__(self, draw: Generator, features: int, count: int = 4, spread: float = 4) -> None:
        self.draw = draw
        self.centres = draw.normal(0, spread, (count, features))
        self.shapes = [
            np.linalg.qr(draw.normal(size=(features, features)))[0]
            * draw.uniform(0.3, 1.5, features)
            for _ in range(count)
        ]
        self.weights = draw.dirichlet(np.full(count, 5.0))

    def rows(self, count: int, widened: float = 1.0) -> Rows:
        """Rows of clusters by their weights, `widened` times as wide."""
        chosen = self.draw.choice(len(self.shapes), count, p=self.weights)
        noise = self.draw.normal(size=(count, self.centres.shape[1]))
        moved = [self.shapes[k] @ noise[i] for i, k in enumerate(chosen)]
        return np.asarray(self.centres[chosen] + widened * np.array(moved))


def local(draw: Generator) -> Made:
    """Beside a cluster: 2.2 times as wide."""
    clusters = _Clusters(draw, 8)
    return _mixed(draw, clusters.rows(9_500), clusters.rows(500, widened=2.2))


def spread_out(draw: Generator) -> Made:
    """Even over a box that is a tenth larger than the data."""
    usual = _Clusters(draw, 6).rows(9_700)
    return _mixed(draw, usual, draw.uniform(usual.min(0) * 1.1, usual.max(0) * 1.1, (300, 6)))


def clustered(draw: Generator) -> Made:
    """A cluster of its own, twice as far out as a usual one."""
    clusters = _Clusters(draw, 10)
    odd = 2.0 * clusters.centres[0] + draw.normal(size=(400, 10)) @ clusters.shapes[0].T
    return _mixed(draw, clusters.rows(9_600), odd)


def dependency(draw: Generator) -> Made:
    """Each feature usual, together not: nine features of three factors, permuted in odd rows."""
    usual = np.tanh(draw.normal(size=(9_600, 3)) @ draw.normal(size=(3, 9)))
    usual += 0.1 * draw.normal(size=usual.shape)
    return _mixed(draw, usual, np.column_stack([draw.permutation(c)[:400] for c in usual.T]))


def heavy_tails(draw: Generator) -> Made:
    """A dense cluster at 2.5 of each feature, among t-distributed rows with long tails."""
    odd = draw.normal(0, 0.4, (300, 7)) + draw.choice([-2.5, 2.5], 7)
    return _mixed(draw, draw.standard_t(2.2, (9_700, 7)), odd)


def log_normal(draw: Generator) -> Made:
    """Correlated log-normal rows; the odd ones are wider and without correlation."""
    shape = np.linalg.cholesky(0.6 * np.ones((6, 6)) + 0.4 * np.eye(6))
    usual = np.exp(draw.normal(size=(10_725, 6)) @ shape.T)
    return _mixed(draw, usual, np.exp(draw.normal(0.3, 1.7, (275, 6))))


def one_hot(draw: Generator) -> Made:
    """Five categories as one-hot columns and two numbers; the odd rows' categories are even."""
    sizes, count = (6, 8, 4, 10, 5), 9_000
    odd = draw.random(count) < 0.03
    columns: list[Rows] = []
    for size in sizes:
        chances = 1 / np.arange(1, size + 1) ** 1.6
        codes = draw.choice(size, count, p=chances / chances.sum())
        codes[odd] = draw.integers(0, size, odd.sum())
        columns.append(np.eye(size)[codes])
    numbers = draw.normal(size=(count, 2)) + odd[:, np.newaxis] * draw.normal(size=(count, 2))
    return np.hstack([*columns, numbers]), odd


def irrelevant(draw: Generator) -> Made:
    """Four of forty features show it, the others are noise."""
    rows, odd = draw.normal(size=(8_000, 40)), draw.random(8_000) < 0.02
    rows[odd, :4] += draw.choice([-3.5, 3.5], (odd.sum(), 4))
    return rows, odd


def zero_inflated(draw: Generator) -> Made:
    """Amounts that are mostly zero; odd rows have more of them."""
    rows = draw.poisson(0.08, (12_000, 12)) * draw.lognormal(0, 1, (12_000, 12))
    rows[:, :3] = draw.gamma(2, 2, (12_000, 3))
    odd = draw.random(12_000) < 0.015
    extra = (odd.sum(), 9)
    rows[odd, 3:] += (draw.random(extra) < 0.35) * draw.lognormal(0.2, 1, extra)
    return rows, odd


def factor_noise(draw: Generator) -> Made:
    """Thirty features of four factors; odd rows leave their plane."""
    rows = draw.normal(size=(9_000, 4)) @ draw.normal(size=(4, 30))
    rows += 0.5 * draw.normal(size=rows.shape)
    odd = draw.random(9_000) < 0.03
    rows[odd] += 2.0 * draw.normal(size=(odd.sum(), 30))
    return rows, odd


def hollow(draw: Generator) -> Made:
    """Usual rows lie on a sphere, odd ones inside it."""
    rows = draw.normal(size=(10_000, 3))
    rows *= (3 + 0.25 * draw.normal(size=(10_000, 1))) / np.linalg.norm(rows, axis=1)[:, np.newaxis]
    odd = draw.random(10_000) < 0.02
    rows[odd] = draw.normal(0, 0.7, (odd.sum(), 3))
    return rows, odd


def two_rates(draw: Generator) -> Made:
    """Ratios: two amounts over three decades; odd rows break their ratio of ten."""
    size = 10 ** draw.uniform(0, 3, 9_000)
    odd = draw.random(9_000) < 0.03
    ratio = np.where(odd, 10 ** draw.uniform(-0.5, 2.5, 9_000), 10 * draw.lognormal(0, 0.1, 9_000))
    return np.column_stack([size, size * ratio, draw.normal(size=9_000)]), odd


def wide_noise(draw: Generator) -> Made:
    """A hundred features; odd rows are a little wider in all of them."""
    rows, odd = draw.normal(size=(6_000, 100)), draw.random(6_000) < 0.03
    rows[odd] *= 1.25
    return rows, odd


KINDS: dict[str, tuple[bool, Callable[[Generator], Made]]] = {
    "local": (True, local),
    "global": (True, spread_out),
    "clustered": (True, clustered),
    "dependency": (True, dependency),
    "heavy_tails": (True, heavy_tails),
    "log_normal": (True, log_normal),
    "one_hot": (True, one_hot),
    "irrelevant": (True, irrelevant),
    "zero_inflated": (True, zero_inflated),
    "factor_noise": (True, factor_noise),
    "hollow": (True, hollow),
    "two_rates": (False, two_rates),
    "wide_noise": (False, wide_noise),
}
"""Each generator by name; True where the default profile was chosen looking at its kind."""
