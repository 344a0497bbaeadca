"""Scored events as NDJSON, CSV or Parquet."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Protocol

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from floodline.detection.explanation import Explanation
from floodline.detection.scorer import ScoredRows
from floodline.events.decoding import field

OUTPUTS = ("ndjson", "csv", "parquet")
EXPLANATION = "explanation"
REFUSED = "refused"
EVENT = "event"
"""In CSV and Parquet the input's column x is `event.x`."""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event's line; a threshold of null means that no score could reach it yet."""

    row: int
    score: float
    rarity: float
    threshold: float | None
    alert: bool
    warming_up: bool
    event: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET
    explanation: Explanation | msgspec.UnsetType = msgspec.UNSET


class Refusal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The line of an event that is neither scored nor learnt: the consumer's reason and words."""

    row: int
    refused: str
    detail: str
    event: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Scored events in order: their rows in the file, and the whole events where asked for.

    `refusals` are of events between them, in order.
    """

    numbers: NDArray[np.int64]
    scored: ScoredRows
    events: Sequence[Mapping[str, Any]] | None = None
    refusals: Sequence[Refusal] = ()

    def columns(self) -> dict[str, list[Any]]:
        """What is said of each event, by the names of `Line`."""
        thresholds = self.scored.threshold.tolist()
        return {
            "row": self.numbers.tolist(),
            "score": self.scored.score.tolist(),
            "rarity": self.scored.rarity.tolist(),
            "threshold": [each if math.isfinite(each) else None for each in thresholds],
            "alert": self.scored.is_alert.tolist(),
            "warming_up": self.scored.warming_up.tolist(),
        }


class Writer(Protocol):
    """Takes scored events in order."""

    def write(self, block: Block) -> None:
        """Take the next events."""
        ...

    def close(self) -> None:
        """Write what is left; the target stays open."""
        ...


class NoLines:
    """Writes nothing."""

    def write(self, block: Block) -> None:
        """Pass over them."""

    def close(self) -> None:
        """Nothing is left."""


class NdjsonLines:
    """One JSON object a line."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._encoder = msgspec.json.Encoder()

    def write(self, block: Block) -> None:
        """Take the next events."""
        columns = block.columns()
        columns["event"] = (
            [msgspec.UNSET] * len(block.numbers) if block.events is None else list(block.events)
        )
        found = block.scored.explanations
        columns["explanation"] = [found.get(at, msgspec.UNSET) for at in range(len(block.numbers))]
        rows = zip(*columns.values(), strict=True)
        lines: list[Line | Refusal] = [Line(**dict(zip(columns, row, strict=True))) for row in rows]
        if block.refusals:
            lines = sorted([*lines, *block.refusals], key=lambda line: line.row)
        self._target.write(self._encoder.encode_lines(lines))

    def close(self) -> None:
        """Write what is left."""
        self._target.flush()


class TableLines:
    """A row an event, as CSV or Parquet: features are numbers, other input columns text.

    With `explained` a column has the alerts' explanations, as JSON; with `refusing` one says why
    an event has no score.
    """

    def __init__(
        self,
        target: BinaryIO,
        form: str,
        features: tuple[str, ...],
        columns: tuple[str, ...],
        *,
        explained: bool = False,
        refusing: bool = False,
    ) -> None:
        self._types = {name: pa.float64() if name in features else pa.string() for name in columns}
        own = [*_OWN, (EXPLANATION, pa.string())] if explained else [*_OWN]
        if refusing:
            own.append((REFUSED, pa.string()))
        schema = pa.schema(
            [*own, *((f"{EVENT}.{name}", kind) for name, kind in self._types.items())]
        )
        self._target = target
        kind = pyarrow.csv.CSVWriter if form == "csv" else pyarrow.parquet.ParquetWriter
        self._writer = kind(target, schema)
        self._schema = schema

    def write(self, block: Block) -> None:
        """Take the next events."""
        columns = block.columns()
        for name, cells in self._carried(block.events or ()).items():
            columns[name] = cells
        if EXPLANATION in self._schema.names:
            columns[EXPLANATION] = [
                None if each is None else msgspec.json.encode(each).decode()
                for each in map(block.scored.explanations.get, range(len(block.numbers)))
            ]
        if REFUSED in self._schema.names:
            columns[REFUSED] = [None] * len(block.numbers)
        table = pa.table(columns, schema=self._schema)
        if block.refusals:
            refused = self._refused(block.refusals)
            table = pa.concat_tables([table, refused]).sort_by("row").combine_chunks()
        self._writer.write_table(table)

    def _carried(self, events: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        """The events' own columns."""
        columns = {}
        for name, kind in self._types.items():
            cells = [field(dict(event), name) for event in events]
            as_text = pa.types.is_string(kind)
            columns[f"{EVENT}.{name}"] = [_text(cell) for cell in cells] if as_text else cells
        return columns

    def _refused(self, refusals: Sequence[Refusal]) -> pa.Table:
        """Rows without a score."""
        columns: dict[str, list[Any]] = {
            name: [None] * len(refusals) for name in self._schema.names
        }
        columns["row"] = [each.row for each in refusals]
        columns[REFUSED] = [f"{each.refused}: {each.detail}" for each in refusals]
        events = [each.event for each in refusals if each.event is not msgspec.UNSET]
        columns |= self._carried(events)
        return pa.table(columns, schema=self._schema)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()
        self._target.flush()


_OWN = [
    ("row", pa.int64()),
    ("score", pa.float64()),
    ("rarity", pa.float64()),
    ("threshold", pa.float64()),
    ("alert", pa.bool_()),
    ("warming_up", pa.bool_()),
]


def _text(cell: Any) -> str | None:
    return cell if cell is None or isinstance(cell, str) else msgspec.json.encode(cell).decode()
