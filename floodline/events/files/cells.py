"""From an Arrow column of any type to numbers, and to what could not be one."""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from floodline.errors import ConfigurationError
from floodline.events.files.event_file import Chunk, Wanted, invalid_cell
from floodline.events.files.labels import truths

MISSING_WORDS = (
    "", "nan", "NaN", "NAN", "null", "NULL", "Null", "na", "NA", "n/a", "N/A", "none", "None",
)  # fmt: skip
_MISSING = frozenset(MISSING_WORDS)


def chunk(
    name: str,
    batch: pa.RecordBatch,
    numbers: NDArray[np.int64],
    wanted: Wanted,
    left_out: int = 0,
) -> Chunk:
    """The events of a batch, whose rows in the file are `numbers`; `left_out` rows among them.

    Raises:
        ConfigurationError: a feature is no finite number and is not to be skipped, or a label is
            none.
    """
    rows = np.empty((batch.num_rows, len(wanted.features)), dtype=np.float64)
    for place, feature in enumerate(wanted.features):
        rows[:, place] = as_numbers(batch.column(feature))
    bad = np.isinf(rows)
    if bad.any() and not wanted.skip_invalid:
        row, place = np.argwhere(bad)[0].tolist()
        feature = wanted.features[place]
        raise invalid_cell(name, int(numbers[row]), feature, batch.column(feature)[row].as_py())
    kept = np.flatnonzero(~bad.any(axis=1))
    if len(kept) < batch.num_rows:
        batch = batch.take(pa.array(kept))
        rows, numbers = rows[kept], numbers[kept]
    labels = None
    if wanted.label is not None:
        labels = truths(name, wanted.label, batch.column(wanted.label).to_pylist(), numbers)
    return Chunk(
        numbers=numbers,
        rows=rows,
        labels=labels,
        events=_typed(batch, rows, wanted.features).to_pylist() if wanted.whole else None,
        invalid=left_out + len(bad) - len(kept),
    )


def _typed(
    batch: pa.RecordBatch, rows: NDArray[np.float64], features: tuple[str, ...]
) -> pa.RecordBatch:
    """The batch with its features as numbers, where text said them."""
    for place, feature in enumerate(features):
        if not is_number(batch.column(feature).type):
            numbers = pa.array(rows[:, place], mask=np.isnan(rows[:, place]))
            batch = batch.set_column(batch.schema.get_field_index(feature), feature, numbers)
    return batch


def as_numbers(column: pa.Array) -> NDArray[np.float64]:
    """Each cell as float64: NaN where it is missing, infinity where it is no finite number."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if is_number(column.type):
        return _floats(pc.cast(column, pa.float64(), safe=False))
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return np.array([math.nan if cell is None else math.inf for cell in column.to_pylist()])
    try:
        return _floats(pc.cast(column, pa.float64()))
    except pa.ArrowInvalid:  # a cell among them is none, or is written as Arrow does not read it
        return np.array([text_number(cell) for cell in column.to_pylist()], dtype=np.float64)


def text_number(text: str | None) -> float:
    """The number that a cell's text says; NaN where it is missing, infinity where it says none."""
    word = "" if text is None else text.strip()
    if word in _MISSING:
        return math.nan
    if "_" in word:  # Python alone reads 1_000 as a number
        return math.inf
    try:
        value = float(word)
    except ValueError:
        return math.inf
    return value if math.isfinite(value) else math.inf


def is_number(kind: pa.DataType) -> bool:
    """Whether a column of this Arrow type holds numbers; true and false are none."""
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _floats(column: pa.Array) -> NDArray[np.float64]:
    values: NDArray[np.float64] = column.to_numpy(zero_copy_only=False)
    return values


def refused(name: str, what: str, error: Exception) -> ConfigurationError:
    """The error for a file that Arrow cannot read."""
    detail: Any = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ConfigurationError(f"{name}: cannot be read as {what}: {detail}")
