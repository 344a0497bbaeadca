"""Events as a Parquet file."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from floodline.events.files.cells import chunk, is_number, refused
from floodline.events.files.event_file import Chunk, Wanted, each_once
from floodline.events.files.source import is_empty, reading

CHUNK_EVENTS = 10_000


class ParquetFile:
    """A row an event; column `a.b` is field b of the struct a."""

    may_grow = False

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        try:
            with reading(self.name):
                self._file = pyarrow.parquet.ParquetFile(path, page_checksum_verification=True)
        except pa.ArrowInvalid as error:
            raise refused(self.name, "Parquet", error) from error
        fields = list(_fields(self._file.schema_arrow))
        self.columns = each_once(self.name, [field.name for field in fields])
        self.numeric = tuple(field.name for field in fields if is_number(field.type))
        self._events: int = self._file.metadata.num_rows
        self._done = 0
        if not self._events:
            raise is_empty(self.name)

    def progress(self) -> tuple[int, int]:
        """Rows that were read, and all."""
        return self._done, self._events

    def chunks(self, wanted: Wanted) -> Iterator[Chunk]:
        """The events in order; see `EventFile`."""
        needed = [*wanted.features, *([wanted.label] if wanted.label is not None else [])]
        columns = None if wanted.whole else list(dict.fromkeys(needed))
        try:
            with reading(self.name):
                for batch in self._file.iter_batches(CHUNK_EVENTS, columns=columns):
                    first = self._done
                    self._done += batch.num_rows
                    numbers = np.arange(first, self._done, dtype=np.int64)
                    yield chunk(self.name, _flat(batch), numbers, wanted)
        except pa.ArrowException as error:
            raise refused(self.name, "Parquet", error) from error


def _fields(schema: pa.Schema) -> Iterator[pa.Field]:
    for field in schema:
        yield from _flattened(field)


def _flattened(field: pa.Field) -> Iterator[pa.Field]:
    if not pa.types.is_struct(field.type):
        yield field
        return
    for inner in field.flatten():
        yield from _flattened(inner)


def _flat(batch: pa.RecordBatch) -> pa.RecordBatch:
    table = pa.Table.from_batches([batch])
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table.combine_chunks().to_batches()[0] if table.num_rows else batch
