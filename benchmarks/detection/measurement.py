"""Running detectors over streams, and what came out."""

import sys
import time

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.detectors import Contender
from benchmarks.detection.labelled_stream import Recipe
from benchmarks.detection.metrics import Quality, quality

_WARM = 600
"""Events on which each detector runs first, so that compiling is not measured."""


class StreamFacts(msgspec.Struct, frozen=True):
    """What a stream is."""

    name: str
    source: str
    order: str
    seen: bool
    events: int
    features: int
    anomalies: float


class Measured(msgspec.Struct, frozen=True):
    """The outcome of every detector on every stream with every seed.

    Attributes:
        detectors: names, in the order of the columns.
        settings: what each detector is.
        seeds: the seeds.
        streams: facts, one a row.
        qualities: [stream][detector][seed].
        seconds: process CPU time of each detector over all streams and seeds.
    """

    detectors: list[str]
    settings: list[str]
    seeds: list[int]
    streams: list[StreamFacts]
    qualities: list[list[list[Quality]]]
    seconds: list[float]

    def extent(self) -> str:
        """How many streams and events, and which seeds."""
        events = sum(stream.events for stream in self.streams)
        seeds = ", ".join(map(str, self.seeds))
        return f"{len(self.streams)} streams, {events:,} events, seeds {seeds}"

    def means(self, measure: str) -> NDArray[np.float64]:
        """The measure, a mean over seeds, shape (streams, detectors)."""
        return np.array(
            [
                [np.mean([getattr(one, measure) for one in seeds]) for seeds in detectors]
                for detectors in self.qualities
            ]
        )


def measure(recipes: list[Recipe], contenders: list[Contender], seeds: list[int]) -> Measured:
    """Score, then learn, each event of each stream, by each detector, from each seed."""
    for contender in contenders:
        contender.run(np.random.default_rng(0).normal(size=(_WARM, 2)), 0)
    facts, qualities = [], []
    seconds = [0.0] * len(contenders)
    for number, recipe in enumerate(recipes, start=1):
        sys.stderr.write(f"{number}/{len(recipes)} {recipe.name}\n")
        stream = recipe.load()
        facts.append(
            StreamFacts(
                name=recipe.name,
                source=recipe.source,
                order=recipe.order,
                seen=recipe.seen,
                events=len(stream.rows),
                features=stream.rows.shape[1],
                anomalies=float(stream.truth.mean()),
            )
        )
        found = []
        for place, contender in enumerate(contenders):
            started = time.process_time()
            scores = [contender.run(stream.rows, seed) for seed in seeds]
            seconds[place] += time.process_time() - started
            found.append([quality(stream.truth, one) for one in scores])
        qualities.append(found)
    return Measured(
        detectors=[one.name for one in contenders],
        settings=[one.setting for one in contenders],
        seeds=seeds,
        streams=facts,
        qualities=qualities,
        seconds=seconds,
    )
