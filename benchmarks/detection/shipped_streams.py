"""The streams of the demo, in their own order and full length."""

from functools import partial

import numpy as np

from benchmarks.detection.labelled_stream import LabelledStream, Recipe
from demo.streams import names, read


def recipes() -> list[Recipe]:
    """One recipe for each shipped stream."""
    return [
        Recipe(name=name, source="floodline", order="given", seen=True, load=partial(_load, name))
        for name in names()
    ]


def _load(name: str) -> LabelledStream:
    stream = read(name)
    rows = np.array([list(row.values()) for row in stream.rows], dtype=np.float64)
    return LabelledStream(rows, np.array(stream.truth))
