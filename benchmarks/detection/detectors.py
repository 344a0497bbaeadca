"""The detectors that are compared: each scores and learns a stream, event by event, from a seed."""

from collections.abc import Callable
from functools import partial

import msgspec

from benchmarks.detection.labelled_stream import Rows
from benchmarks.detection.package_tables import installed
from benchmarks.detection.peers import isolation_forest, loda, online_isolation_forest
from floodline.detection.detector import Scores
from floodline.detection.parameters import DefaultProfile, RiverProfile
from floodline.detection.remembering_forest import RememberingForest
from floodline.detection.river_profile import RiverProfileForest

Run = Callable[[Rows, int], Scores]
"""Scores of a stream in order, each before its event is learnt; NaN where there is no score yet."""


class Contender(msgspec.Struct, frozen=True):
    """A detector of the benchmark.

    Attributes:
        name: its column in the tables.
        setting: what it is and how it is set.
        run: scores a stream from a seed.
    """

    name: str
    setting: str
    run: Run


def ours(profile: DefaultProfile, rows: Rows, seed: int) -> Scores:
    """Scores of the default profile with other parameters; NaN for its first `start` events."""
    forest = RememberingForest(msgspec.structs.replace(profile, seed=seed), _names(rows))
    scores = forest.score_learn_many(rows)
    scores[: profile.start] = float("nan")
    return scores


def river(rows: Rows, seed: int) -> Scores:
    """River's scores; NaN in its first window, where River scores every event 0."""
    parameters = RiverProfile(seed=seed)
    scores = RiverProfileForest(parameters, _names(rows)).score_learn_many(rows)
    scores[: parameters.window] = float("nan")
    return scores


def contenders() -> tuple[list[Contender], list[str]]:
    """Every detector that can run here, ours first, and those whose package is absent."""
    default = DefaultProfile()
    fifty = msgspec.structs.replace(default, trees=50)
    found = [
        Contender(
            "floodline", f"the default profile, {default.trees} trees", partial(ours, default)
        ),
        Contender("floodline 50", "the default profile with 50 trees", partial(ours, fifty)),
        Contender(
            "River HST",
            "River's `MinMaxScaler` and `HalfSpaceTrees` as they come: 10 trees, height 8, window"
            " 250; run by our River profile, whose scores equal River's to the bit",
            river,
        ),
        Contender(
            "IForest refitted",
            "scikit-learn's `IsolationForest`, 100 trees, fitted at event 250 and then every 1,000"
            " events on the last 2,048; its trees walked by a compiled loop",
            isolation_forest.run,
        ),
        Contender(
            "LODA",
            "PySAD's `LODA` as it comes, 100 projections, 10 bins; its loop compiled",
            loda.run,
        ),
        Contender(
            "Online IForest",
            "Online Isolation Forest as in its paper: 32 trees, window 2,048, 32 events a leaf;"
            " our own small implementation of it",
            online_isolation_forest.run,
        ),
    ]
    if installed(loda.PACKAGE):
        return found, []
    return [one for one in found if one.name != "LODA"], ["LODA (package pysad)"]


def _names(rows: Rows) -> tuple[str, ...]:
    return tuple(f"f{column}" for column in range(rows.shape[1]))
