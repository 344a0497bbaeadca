"""PySAD's LODA: histograms of sparse random projections, event by event.

PySAD draws the projections; the loop over events is PySAD's `fit_score_partial` as a kernel, which
a test holds against PySAD itself.
"""

import importlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.labelled_stream import Rows
from benchmarks.detection.peers.kernel import kernel
from floodline.detection.detector import Scores

PACKAGE = "pysad"
BINS = 10


class _Histograms(NamedTuple):
    counts: NDArray[np.float64]
    low: NDArray[np.float64]
    width: NDArray[np.float64]


@kernel
def _bin_of(found: _Histograms, cut: int, value: float) -> float:
    return float(np.floor((value - found.low[cut]) / found.width[cut]))


@kernel
def _count(found: _Histograms, cut: int, value: float, events: float) -> None:
    """Count a value in, doubling the bins' width towards it until it fits."""
    counts = found.counts[cut]
    place = _bin_of(found, cut, value)
    while not 0 <= place < BINS:
        if place < 0:
            found.low[cut] -= BINS * found.width[cut]
            for b in range(BINS - 1, -1, -1):
                counts[b] = counts[2 * b - BINS] + counts[2 * b - BINS + 1] if 2 * b >= BINS else 0
        else:
            for b in range(BINS):
                counts[b] = counts[2 * b] + counts[2 * b + 1] if 2 * b < BINS else 0
        found.width[cut] *= 2.0
        place = _bin_of(found, cut, value)
    counts[int(place)] += events


@kernel
def _learn(found: _Histograms, cut: int, value: float, seen: int) -> None:
    """Count a value in; the first two different ones set the width of the bins."""
    if seen == 0:
        found.low[cut], found.counts[cut, 0] = value, 1.0
    elif found.width[cut] > 0.0:
        _count(found, cut, value, 1.0)
    elif value == found.low[cut]:
        found.counts[cut, 0] += 1.0
    else:
        first, events = found.low[cut], found.counts[cut, 0]
        found.width[cut] = abs(value - first) / (BINS - 0.5)
        found.low[cut], found.counts[cut, 0] = min(value, first), 0.0
        _count(found, cut, first, events)
        _count(found, cut, value, 1.0)


@kernel
def _advance(
    rows: NDArray[np.float64], projections: NDArray[np.float64], scores: NDArray[np.float64]
) -> None:
    """The mean negative log density over the cuts of each event, which is then counted in."""
    cuts = projections.shape[0]
    found = _Histograms(np.zeros((cuts, BINS)), np.zeros(cuts), np.zeros(cuts))
    for event in range(rows.shape[0]):
        total = 0.0
        for cut in range(cuts):
            value = 0.0
            for j in range(rows.shape[1]):
                if projections[cut, j] != 0.0:
                    value += projections[cut, j] * rows[event, j]
            if found.width[cut] > 0.0:
                place = _bin_of(found, cut, value)
                count = found.counts[cut, int(place)] if 0 <= place < BINS else 0.0
                total -= np.log((count + 1.0) / ((event + BINS) * found.width[cut]))
            _learn(found, cut, value, event)
        scores[event] = total / cuts


def run(rows: Rows, seed: int) -> Scores:
    """Scores with PySAD's defaults (100 projections, 10 bins) on the features as they come.

    NaN for the first event. Features are not scaled: running z-scores made it worse on the streams
    tried.

    Raises:
        ModuleNotFoundError: PySAD is not installed.
    """
    model: Any = importlib.import_module("pysad.models.loda").LODA(random_state=seed)
    model.score_partial(rows[0])
    scores = np.empty(len(rows))
    _advance(rows, np.ascontiguousarray(model.projections_, dtype=np.float64), scores)
    scores[0] = np.nan
    return scores
