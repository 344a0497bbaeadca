"""A batch of records to a matrix, without a Python object for each field."""

import math
from collections.abc import Sequence
from typing import cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.errors import InvalidEvent
from floodline.events.decoding import LONGEST_ENTITY, Schema, decode_event
from floodline.events.kernels import PADDING
from floodline.events.kernels.keys import keys_of
from floodline.events.kernels.rows import Batch, parse_rows

Values = Sequence[bytes | None]
_END = bytes(PADDING)


class DecodedRows(msgspec.Struct, frozen=True):
    """What a batch of records holds.

    Attributes:
        rows: (good events, features), C-contiguous, the features sorted by name; NaN where one is
            missing and may be.
        places: (good events,) each row's place in the batch, ascending.
        faults: for each other place why the record is no event.
    """

    rows: NDArray[np.float64]
    places: NDArray[np.int64]
    faults: dict[int, InvalidEvent]


class RowDecoder:
    """Decodes as `decode_event` does, to the bit, and with its faults; one thread at a time.

    Flat objects are parsed in one compiled pass that holds no lock; whatever deviates (a nested
    value, a feature's key twice, an escape in a key, more than 19 digits, any fault) goes through
    `decode_event`. Which of the two it was changes nothing but the time.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._features = tuple(sorted(set(schema.features)))
        entity = () if schema.entity in (None, *self._features) else (schema.entity,)
        self._keys = keys_of([*self._features, *entity])
        self._column = {name: column for column, name in enumerate(self._features)}
        rules = [schema.missing.get(name) for name in self._features]
        self._optional = np.array([rule is not None for rule in rules], np.bool_)
        self._instead = np.array(
            [math.nan if rule is None or isinstance(rule, str) else rule for rule in rules],
            np.float64,
        )

    def decode(self, values: Values) -> DecodedRows:
        """The rows of all events in `values`, and the faults of the others."""
        batch = self._batch(values)
        if not parse_rows(batch, self._keys):
            return DecodedRows(batch.rows, np.arange(len(values)), {})
        faults: dict[int, InvalidEvent] = {}
        for place in np.flatnonzero(batch.deviates).tolist():
            try:
                batch.rows[place] = self._row(values[place])
            except InvalidEvent as error:
                # Tracebacks, its cause's too, hold this frame: the whole batch, and themselves.
                error.__cause__ = error.__context__ = None
                faults[place] = error.with_traceback(None)
        if not faults:
            return DecodedRows(batch.rows, np.arange(len(values)), {})
        good = np.ones(len(values), np.bool_)
        good[list(faults)] = False
        return DecodedRows(batch.rows[good], np.flatnonzero(good), faults)

    def _batch(self, values: Values) -> Batch:
        texts = cast("Sequence[bytes]", values)
        try:
            text = b"".join([*texts, _END])
        except TypeError:  # some record has no value; to look for one would cost as much as to join
            texts = [value or b"" for value in values]
            text = b"".join([*texts, _END])
        return Batch(
            text=np.frombuffer(text, np.uint8),
            sizes=np.fromiter(map(len, texts), np.int64, len(texts)),
            instead=self._instead,
            optional=self._optional,
            longest=LONGEST_ENTITY,
            seen=np.full(len(self._keys.sizes), -1),
            rows=np.empty((len(texts), len(self._features))),
            deviates=np.empty(len(texts), np.bool_),
        )

    def _row(self, value: bytes | None) -> NDArray[np.float64]:
        row = np.full(len(self._features), math.nan)
        for name, number in decode_event(value, self._schema).features.items():
            row[self._column[name]] = number
        return row
