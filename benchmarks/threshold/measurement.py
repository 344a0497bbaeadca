"""`floodline bench threshold`: how often each method's promise holds, on streams of three kinds."""

import math
import os
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from typing import Any

import numpy as np

from benchmarks.threshold import methods
from benchmarks.threshold.runs import Run, run, target_of
from benchmarks.threshold.worlds import Kind, World, drawn

METHODS: dict[str, Callable[[World, float], methods.Method]] = {
    "floodline": methods.Ours,
    "fixed": methods.Fixed,
    "top_quantile": methods.TopQuantile,
    "multiply_1.05": methods.Multiply,
    "naive_precision": methods.Naive,
}
KINDS: tuple[Kind, ...] = ("calm", "noisy", "rough")
LEAST_OPEN = 0.2
"""Least recall of the best threshold: on other streams none is of use that meets the target."""

Say = Callable[[str], None]


def measure(streams: int, first: int, say: Say) -> dict[str, Any]:
    """Run every method on so many streams of each kind, on all cores.

    A calm stream is as the plainest guarantee assumes: its scores neither drift nor burst, its
    labels are right. A noisy one has up to 10 % wrong labels, bursts, and labels that also teach
    the forest; a rough one drifts besides. In all, three of ten that come into the queue are
    answered, late, the top first. Under floodline, second opinions are part of these answers.
    """
    found: dict[str, Any] = {"streams": streams}
    every: list[Run] = []
    for kind in KINDS:
        seeds = _open_seeds(first, streams, kind)
        runs: dict[str, list[Run]] = {name: [] for name in METHODS}
        with get_context("spawn").Pool(os.cpu_count()) as pool:
            work = [(seed, kind) for seed in seeds]
            for done, each in enumerate(pool.imap(_lived, work, chunksize=4), start=1):
                for name, one in each.items():
                    runs[name].append(one)
                if done % 50 == 0:
                    say(f"{kind}: {done} of {streams} streams; so far {_so_far(runs['floodline'])}")
        found[kind] = {name: figures(each) for name, each in runs.items()}
        ours = runs["floodline"]
        found[kind] |= _intervals(ours)
        every += ours
    found["every"] = {"target_held": _share([each.held for each in every])} | _intervals(every)
    return found | _summary(found["calm"])


def figures(runs: Sequence[Run]) -> dict[str, float | None]:
    """What a method came to, over streams.

    `target_held` is the share of streams whose last third met the target, `recall` the median of
    what it found over what the best threshold would have, `reached` the share of streams whose
    threshold was right in the end, `labels_to_target` the median of labels given until then: none
    where fewer than half of the streams got there.
    """
    labels = [math.inf if each.labels_to_target is None else each.labels_to_target for each in runs]
    middle = float(np.median(labels))
    return {
        "target_held": _share([each.held for each in runs]),
        "promised": _share([each.promised for each in runs]),
        "held_where_promised": _share([each.held for each in runs if each.promised]),
        "recall": _median([each.recall for each in runs]),
        "reached": _share([each.labels_to_target is not None for each in runs]),
        "labels_to_target": middle if math.isfinite(middle) else None,
    }


def _intervals(runs: Sequence[Run]) -> dict[str, float | None]:
    """How often floodline's intervals held the truth, and how wide they were."""
    return {
        "coverage_precision": _share([each.precision_covered for each in runs]),
        "coverage_recall": _share([each.recall_covered for each in runs]),
        "width_precision": _median([each.precision_width for each in runs]),
        "width_recall": _median([each.recall_width for each in runs]),
    }


def _so_far(runs: Sequence[Run]) -> str:
    """Floodline's own figures, as they go to the one who waits."""
    figures = {"target_held": _share([each.held for each in runs])} | _intervals(runs)
    return _told(figures)


def _told(figures: dict[str, Any]) -> str:
    intervals = ", ".join(
        f"{what} {figures[f'coverage_{what}']:.3f} (width {figures[f'width_{what}']:.2f})"
        for what in ("precision", "recall")
    )
    return f"target held {figures['target_held']:.3f}; 90 % intervals hold the truth: {intervals}"


def _summary(calm: dict[str, Any]) -> dict[str, Any]:
    """The figures by which methods are compared, on calm streams."""
    return {
        "target_held": {name: calm[name]["target_held"] for name in METHODS},
        "labels_to_target": {name: calm[name]["labels_to_target"] for name in METHODS},
        "reached": {name: calm[name]["reached"] for name in METHODS},
        "coverage_precision": calm["coverage_precision"],
        "coverage_recall": calm["coverage_recall"],
    }


def _open_seeds(first: int, count: int, kind: Kind) -> list[int]:
    """Seeds of streams on which some threshold meets the target with a recall of use."""
    seeds, seed = list[int](), first
    while len(seeds) < count:
        world = drawn(seed, kind)
        best = world.lowest(target_of(seed), 0, 0.0)
        if best is not None and world.recall(best, 0) >= LEAST_OPEN:
            seeds.append(seed)
        seed += 1
    return seeds


def _lived(work: tuple[int, Kind]) -> dict[str, Run]:
    seed, kind = work
    world, target = drawn(seed, kind), target_of(seed)
    return {name: run(world, make(world, target), target, seed) for name, make in METHODS.items()}


def _share(values: Sequence[bool | None]) -> float | None:
    known = [each for each in values if each is not None]
    return float(np.mean(known)) if known else None


def _median(values: Sequence[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return float(np.median(known)) if known else None


def report(found: dict[str, Any]) -> str:
    """The figures as a table in Markdown."""
    lines = []
    for kind in KINDS:
        lines += [
            f"{found['streams']} {kind} streams",
            "",
            "| method | target held | recall / best | right in the end | labels until then |",
            "|---|---|---|---|---|",
        ]
        for name in METHODS:
            row = found[kind][name]
            labels = row["labels_to_target"]
            shown = "-" if labels is None else f"{labels:,.0f}"
            lines.append(
                f"| {name} | {row['target_held']:.3f} | {row['recall']:.2f} | "
                f"{row['reached']:.2f} | {shown} |"
            )
        ours = found[kind] | found[kind]["floodline"]
        lines += ["", f"floodline: {_told(ours)}", ""]
    count = found["streams"] * len(KINDS)
    lines += [f"floodline on all {count:,} streams: {_told(found['every'])}"]
    return "\n".join(lines)
