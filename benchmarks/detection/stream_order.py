"""Putting usual rows and anomalies into one seeded order."""

import zlib

import numpy as np

from benchmarks.detection.labelled_stream import LabelledStream, Rows, Truth

LONGEST = 20_000
"""Package streams are cut to this many events."""

_FIRST_BURST = 1_000


def generator(name: str) -> np.random.Generator:
    """The random generator of the stream with this name."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def ordered(rows: Rows, truth: Truth) -> LabelledStream:
    """The first `LONGEST` events as they are.

    Raises:
        ValueError: a value is not finite, or the events are not both usual and anomalous.
    """
    rows, truth = rows[:LONGEST], truth[:LONGEST].astype(np.bool_)
    if not np.isfinite(rows).all():
        raise ValueError("a labelled stream needs finite numbers")
    if truth.all() or not truth.any():
        raise ValueError("a labelled stream needs usual events and anomalies")
    return LabelledStream(np.ascontiguousarray(rows, dtype=np.float64), truth)


def shuffled(name: str, usual: Rows, odd: Rows, share: float | None = None) -> LabelledStream:
    """All usual rows and as many odd ones as make up `share` (None: all), at random."""
    draw = generator(name)
    count = _thinned(len(usual), len(odd), share)
    usual = usual[draw.permutation(len(usual))]
    odd = odd[draw.permutation(len(odd))[:count]]
    if len(usual) + count > LONGEST:
        count = count * LONGEST // (len(usual) + count)
        usual, odd = usual[: LONGEST - count], odd[:count]
    rows = np.vstack([usual, odd])
    truth = np.arange(len(rows)) >= len(usual)
    places = draw.permutation(len(rows))
    return ordered(rows[places], truth[places])


def _thinned(usual: int, odd: int, share: float | None) -> int:
    """How many odd rows make up `share`, at most all."""
    return odd if share is None else min(odd, round(share * usual / (1 - share)))


def in_bursts(
    name: str, usual: Rows, odd: Rows, bursts: int, share: float | None = None
) -> LabelledStream:
    """Usual rows at random, the odd ones together in bursts after the first 1,000 events."""
    draw = generator(name)
    odd = odd[: _thinned(len(usual), len(odd), share)]
    usual = usual[draw.permutation(len(usual))][: LONGEST - len(odd)]
    places = np.sort(draw.integers(_FIRST_BURST, len(usual), bursts))
    rows, truth = [], []
    parts = [*np.array_split(odd, bursts), odd[:0]]
    for part, burst in zip(np.split(usual, places), parts, strict=True):
        rows += [part, burst]
        truth += [np.zeros(len(part), np.bool_), np.ones(len(burst), np.bool_)]
    return ordered(np.vstack(rows), np.concatenate(truth))
