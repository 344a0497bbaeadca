"""A retrain's run: all that is logged of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from matplotlib.figure import Figure

Rows = Sequence[Mapping[str, Any]]
"""A table: one mapping a row, the same keys in each."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a retrain used and found.

    Attributes:
        figures: by file name.
        mistakes: labelled events on the wrong side of the threshold, one a row.
        dataset: the labelled events with features, label and score, one a row.
        source: what the dataset was read from.
        state: the model as data.
        example: a few events as the model takes them, one column a feature.
    """

    name: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    figures: Mapping[str, Figure]
    mistakes: Rows
    dataset: Rows
    source: str
    state: bytes
    example: Sequence[Mapping[str, float]]
    description: str


class Logged(msgspec.Struct, frozen=True):
    """Where the run and its model are."""

    run_id: str
    version: str
