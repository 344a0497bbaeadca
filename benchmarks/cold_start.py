"""`make bench ARGS="cold-start"`: how many events alert soon after a model begins, by rarity."""

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.markdown import table
from demo.streams import names, read
from floodline.configuration.first_alert import warm_up_of
from floodline.detection.detector import Rows
from floodline.detection.models import new_detector
from floodline.detection.parameters import DefaultProfile
from floodline.detection.rarity import ScoreWindow
from floodline.detection.scorer import RARITY_WINDOW

SEEDS = 5
STARTS = 4
SPANS = (1_000, 2_000, 5_000)
RARITIES = (0.001, 0.0005, 0.0001)
WAYS = ("counted", "told from the tail")
Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]


def alerts(scores: Floats, rarity: float) -> tuple[Booleans, Booleans]:
    """Which of these scores, from the first after the warm-up on, alert in each of the ways.

    A score is as rare as asked by counting exactly when its counted rarity is.
    """
    rarities, thresholds = ScoreWindow(RARITY_WINDOW).step_many(scores, rarity)
    return rarities <= rarity, scores >= thresholds


def begun(rows: Rows) -> Iterator[Floats]:
    """The scores after the warm-up of models that begin at several places of a stream."""
    features = tuple(f"f{column:03}" for column in range(rows.shape[1]))
    last = max(0, rows.shape[0] - SPANS[-1] - warm_up_of(DefaultProfile()))
    for seed, start in product(range(1, SEEDS + 1), np.linspace(0, last, STARTS, dtype=int)):
        parameters = DefaultProfile(seed=seed)
        warm_up = warm_up_of(parameters)
        part = rows[start : start + warm_up + SPANS[-1]]
        yield new_detector(parameters, features).score_learn_many(part)[warm_up:]


def measured(name: str, *, shuffled: bool) -> dict[float, Floats]:
    """By rarity: alerts per span and way, (spans, ways), each run's as a share of those stated."""
    stream = read(name)
    rows = np.array([[row[feature] for feature in stream.features] for row in stream.rows])
    if shuffled:
        rows = np.random.default_rng(1).permutation(rows)
    runs = list(begun(rows))
    found = {}
    for rarity in RARITIES:
        counts = [
            [[both[:span].sum() / (rarity * span) for both in alerts(scores, rarity)]
             for span in SPANS]
            for scores in runs
        ]  # fmt: skip
        found[rarity] = np.array(counts)
    return found


def rows_of(found: dict[str, dict[float, Floats]]) -> Iterator[list[str]]:
    """Mean over the streams, and in brackets the root mean square of a run's distance from 1."""
    for rarity in RARITIES:
        runs = np.stack([each[rarity] for each in found.values()])
        means = runs.mean(axis=(0, 1))
        spreads = np.sqrt(((runs - 1) ** 2).mean(axis=(0, 1)))
        for way, label in enumerate(WAYS):
            cells = [f"{means[span, way]:.2f} ({spreads[span, way]:.2f})" for span in range(3)]
            yield [f"{rarity:g}", label, *cells]


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=cold-start", description=__doc__)
    parser.add_argument("--json", action="store_true", help="means by stream, as JSON")
    given = parser.parse_args(arguments)
    for shuffled in (False, True):
        found = {name: measured(name, shuffled=shuffled) for name in names()}
        order = "shuffled" if shuffled else "in order"
        if given.json:
            sys.stdout.write(json.dumps({"order": order, "streams": _said(found)}) + "\n")
            continue
        head = ["rarity", "threshold", *(f"first {span:,} events" for span in SPANS)]
        sys.stdout.write(f"{order}\n\n{table(head, list(rows_of(found)))}\n\n")
    return 0


def _said(found: dict[str, dict[float, Floats]]) -> dict[str, Any]:
    return {
        name: {
            f"{rarity:g}": dict(zip(WAYS, runs.mean(axis=0).T.round(3).tolist(), strict=True))
            for rarity, runs in each.items()
        }
        for name, each in found.items()
    }
