"""Do explanations name the guilty feature, and do they agree with Shapley values?

Made streams of d features in which one is broken in a known way. Each anomaly is explained twice,
by the detector and by Shapley values of the same bits, sampled over permutations as in Strumbelj,
Kononenko, "Explaining prediction models and individual predictions with feature contributions",
KAIS 2014; with `--shap` by that package's `SamplingExplainer`, where it is installed.
"""

import argparse
import importlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from floodline.detection.parameters import DefaultProfile
from floodline.detection.remembering_forest import RememberingForest

Floats = NDArray[np.float64]
Explainer = Callable[[Floats], Floats]

KINDS = ("spike", "out of range", "wrong mode", "dependency broken")
SIZES = (3, 5, 10, 20)
LEARNT = 5_000
BACKGROUND = 100
ROUNDS = 100
"""Permutations, each forwards and backwards, of a sampled Shapley value."""


class Case(NamedTuple):
    """An anomaly: its event, (1, d), and the features of which one may be named."""

    kind: str
    event: Floats
    guilty: tuple[int, ...]


def usual(count: int, size: int, draw: np.random.Generator) -> Floats:
    """Usual events. By turns: of two modes, dependent on the one before, lognormal, normal."""
    rows = draw.normal(size=(count, size))
    for j in range(size):
        if j % 4 == 0:
            rows[:, j] = np.where(draw.random(count) < 0.5, -4.0, 4.0) + 0.5 * rows[:, j]
        elif j % 4 == 1:
            rows[:, j] = 0.25 * rows[:, j - 1] + 0.15 * rows[:, j]
        elif j % 4 == 2:
            rows[:, j] = np.exp(0.8 * rows[:, j])
    return rows


def cases(rows: Floats, each: int, draw: np.random.Generator) -> Iterator[Case]:
    """Anomalies of every kind, `each` of each: usual events with one feature broken."""
    size = rows.shape[1]
    low, high = rows.min(axis=0), rows.max(axis=0)
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    for kind in KINDS:
        for event in usual(each, size, draw):
            side = draw.choice((-1.0, 1.0))
            if kind == "spike":
                j = int(draw.integers(size))
                event[j] = mean[j] + side * draw.uniform(6.0, 12.0) * deviation[j]
            elif kind == "out of range":
                j = int(draw.integers(size))
                beyond = draw.uniform(0.25, 1.0) * (high[j] - low[j])
                event[j] = high[j] + beyond if side > 0 else low[j] - beyond
            elif kind == "wrong mode":
                j = int(draw.choice(np.arange(0, size, 4)))
                event[j] = draw.uniform(-1.0, 1.0)
            else:
                j = int(draw.choice(np.arange(1, size, 4)))
                event[j] = -event[j]
            guilty = (j, j - 1) if kind == "dependency broken" else (j,)
            yield Case(kind, event.reshape(1, -1), guilty)


def ours(forest: RememberingForest) -> Explainer:
    """The detector's own contributions, in the order of its features."""

    def explain(event: Floats) -> Floats:
        found = {each.feature: each.contribution for each in forest.explain(event).contributions}
        return np.array([found[name] for name in forest.features])

    return explain


def sampled(forest: RememberingForest, background: Floats, draw: np.random.Generator) -> Explainer:
    """Shapley values by permutations: a feature counts by what it adds to those before it."""

    def explain(event: Floats) -> Floats:
        size = event.shape[1]
        orders = np.array([draw.permutation(size) for _ in range(ROUNDS)])
        orders = np.concatenate((orders, orders[:, ::-1]))
        rows = np.repeat(background[draw.integers(BACKGROUND, size=2 * ROUNDS)], size + 1, axis=0)
        rows = rows.reshape(2 * ROUNDS, size + 1, size)
        for step in range(size):
            at = orders[:, step]
            rows[np.arange(2 * ROUNDS), step + 1 :, at] = event[0, at, np.newaxis]
        added = np.diff(forest.bits_many(rows.reshape(-1, size)).reshape(2 * ROUNDS, size + 1))
        values = np.zeros(size)
        np.add.at(values, orders.ravel(), added.ravel())
        return values / (2 * ROUNDS)

    return explain


def of_shap(forest: RememberingForest, background: Floats, _: np.random.Generator) -> Explainer:
    """The package's sampling explainer, with as many samples as it chooses."""
    shap: Any = importlib.import_module("shap")
    explainer = shap.SamplingExplainer(
        lambda rows: forest.bits_many(np.ascontiguousarray(rows)), background
    )
    return lambda event: np.asarray(explainer.shap_values(event, silent=True))[0]


def agreement(one: Floats, other: Floats) -> float:
    """Spearman's correlation of two rankings."""
    ranks = [np.argsort(np.argsort(values)).astype(np.float64) for values in (one, other)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def measure(seeds: int, each: int, *, with_shap: bool) -> dict[str, Any]:
    """Shares of top-1 hits by kind, the agreement, and milliseconds an alert, by explainer."""
    peer = "shap" if with_shap else "sampled Shapley"
    hits: dict[str, dict[str, list[bool]]] = {name: defaultdict(list) for name in ("ours", peer)}
    spent: dict[str, list[float]] = defaultdict(list)
    ranks: list[float] = []
    same: list[bool] = []
    for seed in range(seeds):
        for size in SIZES:
            draw = np.random.default_rng([seed, size])
            rows = usual(LEARNT, size, draw)
            forest = RememberingForest(
                DefaultProfile(seed=seed), tuple(f"f{j:02d}" for j in range(size))
            )
            forest.score_learn_many(rows)
            background = rows[-BACKGROUND:].copy()
            explainers = {
                "ours": ours(forest),
                peer: (of_shap if with_shap else sampled)(forest, background, draw),
            }
            forest.explain(rows[:1])
            for case in cases(rows, each, draw):
                found = {}
                for name, explain in explainers.items():
                    started = time.process_time()
                    found[name] = explain(case.event)
                    spent[name].append(time.process_time() - started)
                    hits[name][case.kind].append(int(found[name].argmax()) in case.guilty)
                ranks.append(agreement(found["ours"], found[peer]))
                same.append(bool(found["ours"].argmax() == found[peer].argmax()))
    top = {
        name: {kind: round(float(np.mean(kinds[kind])), 3) for kind in KINDS}
        for name, kinds in hits.items()
    }
    return {
        "features": SIZES,
        "anomalies": len(ranks),
        "top_1": top,
        "same_first_feature": round(float(np.mean(same)), 3),
        "spearman": round(float(np.mean(ranks)), 3),
        "milliseconds": {name: round(1e3 * float(np.median(t)), 3) for name, t in spent.items()},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=explanation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="streams of each size (default 5)")
    parser.add_argument("--each", type=int, default=40, help="anomalies a kind (default 40)")
    parser.add_argument("--shap", action="store_true", help="beside the package shap")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    given = parser.parse_args(arguments)
    found = measure(given.seeds, given.each, with_shap=given.shap)
    if given.json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    for name, kinds in found["top_1"].items():
        told = ", ".join(f"{kind} {share:.3f}" for kind, share in kinds.items())
        sys.stdout.write(f"{name}: top-1 {told}; {found['milliseconds'][name]} ms an alert\n")
    sys.stdout.write(
        f"{found['anomalies']} anomalies; the same first feature in "
        f"{found['same_first_feature']:.3f}, Spearman {found['spearman']:.3f}\n"
    )


if __name__ == "__main__":
    main()
