"""One partition's scoring against the River pipeline that everybody writes by hand."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from river.anomaly import HalfSpaceTrees
from river.preprocessing import MinMaxScaler

from demo.streams import Stream
from floodline.detection.parameters import RiverProfile
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule


def river_loop(rows: list[dict[str, float]]) -> None:
    """`MinMaxScaler | HalfSpaceTrees`: score, then learn."""
    pipeline: Any = MinMaxScaler() | HalfSpaceTrees(seed=42)
    for row in rows:
        pipeline.score_one(row)
        pipeline.learn_one(row)


def scorer(rows: list[dict[str, float]]) -> None:
    """The same forest in our scorer: rarity, threshold and decision on top."""
    ours = Scorer.new(RiverProfile(seed=42), tuple(rows[0]))
    rule = ThresholdRule(rarity=0.001)
    for row in rows:
        ours.step(row, rule)


def compare(stream: Stream, rounds: int) -> dict[str, Any]:
    """Events per second of process time, interleaved; `ratio` is scorer over River, its median."""
    pairs = [(_rate(river_loop, stream.rows), _rate(scorer, stream.rows)) for _ in range(rounds)]
    return {
        "stream": stream.name,
        "events": len(stream.rows),
        "rounds": rounds,
        "river_loop": median(river for river, _ in pairs),
        "scorer": median(ours for _, ours in pairs),
        "ratio": median(ours / river for river, ours in pairs),
    }


def _rate(run: Callable[[list[dict[str, float]]], None], rows: list[dict[str, float]]) -> float:
    started = time.process_time()
    run(rows)
    return len(rows) / (time.process_time() - started)
