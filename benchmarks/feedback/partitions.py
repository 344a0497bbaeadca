"""What it costs that one table of lessons serves partitions with scalers of their own."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.feedback.partitioned import PartitionedForest
from benchmarks.feedback.runs import PEOPLE, setting
from benchmarks.feedback.streams import Played
from benchmarks.feedback.variants import VARIANTS
from floodline.simulation.analysts import Analysts
from floodline.simulation.method import Method, Setting
from floodline.simulation.run import simulate

WAYS: dict[str, Callable[[Setting], Method]] = {
    "one_plain": partial(PartitionedForest, partitions=1, lessons="none"),
    "one_taught": partial(PartitionedForest, partitions=1, lessons="shared"),
    "four_plain": partial(PartitionedForest, partitions=4, lessons="none"),
    "four_taught": partial(PartitionedForest, partitions=4, lessons="shared"),
    "four_own_tables": partial(PartitionedForest, partitions=4, lessons="own"),
}


def measure(played: Sequence[Played], seeds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Found and average precision by way, 200 labels: sums and means over streams, of seeds' means.

    `cost_found` is how much less of the plain forest's gain is left over four partitions, as a
    ratio of ratios: (four_taught / four_plain) / (one_taught / one_plain).
    """
    found: dict[str, list[float]] = {name: [] for name in WAYS}
    precise: dict[str, list[float]] = {name: [] for name in WAYS}
    for each in played:
        whole = each.load()
        for name, make in WAYS.items():
            outcomes = [_run(each, whole, make, seed) for seed in range(seeds)]
            found[name].append(float(np.mean([number for number, _ in outcomes])))
            precise[name].append(float(np.mean([ap for _, ap in outcomes])))
        say(f"partitions: {each.name}")
    figures: dict[str, Any] = {
        name: {"found": sum(found[name]), "average_precision": float(np.mean(precise[name]))}
        for name in WAYS
    }
    total = {name: sum(found[name]) for name in WAYS}
    gains = {
        size: total[f"{size}_taught"] / max(total[f"{size}_plain"], 1.0) for size in ("one", "four")
    }
    return figures | {"cost_found": gains["four"] / gains["one"], "streams": len(played)}


def _run(
    played: Played, whole: Any, make: Callable[[Setting], Method], seed: int
) -> tuple[int, float]:
    stream = played.stream(whole, seed)
    given = setting(stream, VARIANTS["clean"], seed)
    analysts = Analysts(stream.real, noise=0.0, delay=0, people=PEOPLE, seed=seed)
    outcome = simulate(stream, make(given), given, analysts, lambda: None)
    return outcome.found, outcome.average_precision or 0.0
