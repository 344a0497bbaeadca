"""Events as comma-separated text with a header."""

import csv
import io
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from floodline.errors import ConfigurationError
from floodline.events.files.cells import MISSING_WORDS, chunk, refused, text_number
from floodline.events.files.event_file import Chunk, Wanted, each_once, nothing
from floodline.events.files.source import Bytes, Source, is_empty, reading

BLOCK_BYTES = 1 << 20
_SEPARATORS = ",\t;"


class CsvFile:
    """A header, then a row an event; separated by commas, else by tabs or semicolons.

    Cells may be quoted; an empty cell and words such as NaN or null are missing.
    """

    may_grow = False

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self._source = source
        with reading(self.name):
            self._start = _read_full(source.stream, BLOCK_BYTES)
        header, sample = self._look()
        self.columns = each_once(self.name, header)
        self.numeric = tuple(
            column
            for place, column in enumerate(header)
            if column and _is_numeric([row[place] for row in sample if len(row) == len(header)])
        )

    def progress(self) -> tuple[int, int]:
        """Bytes of the file that were read, and its size."""
        return self._source.progress()

    def chunks(self, wanted: Wanted) -> Iterator[Chunk]:
        """The events in order; see `EventFile`."""
        ragged: list[pyarrow.csv.InvalidRow] = []
        position = counted = 0
        try:
            with reading(self.name):
                for batch in self._reader(wanted, ragged):
                    self._refuse(ragged, wanted)
                    numbers = _file_rows(position, batch.num_rows, [_row(each) for each in ragged])
                    position = int(numbers[-1]) + 1 if len(numbers) else position
                    yield chunk(self.name, batch, numbers, wanted, left_out=len(ragged) - counted)
                    counted = len(ragged)
                self._refuse(ragged, wanted)
                if len(ragged) > counted:
                    yield nothing(wanted, left_out=len(ragged) - counted)
        except pa.ArrowInvalid as error:
            raise refused(self.name, "CSV", error) from error

    def _reader(
        self, wanted: Wanted, ragged: list[pyarrow.csv.InvalidRow]
    ) -> pyarrow.csv.CSVStreamingReader:
        def note(row: pyarrow.csv.InvalidRow) -> str:
            ragged.append(row)
            return "skip"

        needed = [*wanted.features, *([wanted.label] if wanted.label is not None else [])]
        return pyarrow.csv.open_csv(
            pa.PythonFile(_Rejoined(self._start, self._source.stream), mode="r"),
            # One thread: only then are the rows that do not fit numbered.
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=self._separator, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(self.columns, pa.string()),
                include_columns=list(self.columns) if wanted.whole else list(dict.fromkeys(needed)),
                strings_can_be_null=True,
                null_values=list(MISSING_WORDS),
            ),
        )

    def _refuse(self, ragged: list[pyarrow.csv.InvalidRow], wanted: Wanted) -> None:
        if ragged and not wanted.skip_invalid:
            row = ragged[0]
            raise ConfigurationError(
                f"{self.name}: row {_row(row)} (the first is 0) has {row.actual_columns} "
                f"cells, but the header has {row.expected_columns}; correct it, or leave such "
                "rows out with --skip-invalid"
            )

    def _look(self) -> tuple[list[str], list[list[str]]]:
        """The header and the first rows, for their types."""
        text = self._start.decode("utf-8-sig", errors="replace").lstrip("\r\n")
        if not text:
            raise is_empty(self.name)
        first_line = text.splitlines()[0]
        if "\ufffd" in first_line or "\0" in first_line:
            raise ConfigurationError(f"{self.name}: is not UTF-8 text; save it as UTF-8")
        self._separator = next((each for each in _SEPARATORS if each in first_line), ",")
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=self._separator)
        try:
            header, *sample = [row for row in lines if row]
        except csv.Error as error:
            raise refused(self.name, "CSV", error) from error
        if all(np.isfinite(text_number(column)) for column in header):
            raise ConfigurationError(
                f"{self.name}: its first row has numbers only; put a header with the columns' "
                "names before it"
            )
        is_whole = len(self._start) < BLOCK_BYTES
        if not sample and not is_whole:
            raise ConfigurationError(
                f"{self.name}: its header or first row is longer than {BLOCK_BYTES:,} bytes; "
                "leave columns out, or save it as Parquet"
            )
        if not sample:
            raise is_empty(self.name)
        return header, sample if is_whole else sample[:-1]  # the last may be cut in two


class _Rejoined(io.RawIOBase):
    """The start that was read to look at it, then the rest."""

    def __init__(self, start: bytes, rest: Bytes) -> None:
        self._start = io.BytesIO(start)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._start.read(size) or self._rest.read(size)


def _read_full(stream: Bytes, size: int) -> bytes:
    """Exactly `size` bytes, fewer only at the end: one read of a pipe may give fewer."""
    parts = []
    while size and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _row(invalid: pyarrow.csv.InvalidRow) -> int:
    """Its row in the file: Arrow counts from 1, and the header too."""
    number: int = invalid.number - 2
    return number


def _is_numeric(cells: list[str]) -> bool:
    numbers = [text_number(cell) for cell in cells]
    return not any(map(np.isinf, numbers)) and not all(map(np.isnan, numbers))


def _file_rows(position: int, count: int, skipped: list[int]) -> NDArray[np.int64]:
    """The rows of `count` events from `position` on, where those `skipped` are none of them."""
    candidates = np.arange(position, position + count + len(skipped), dtype=np.int64)
    return candidates[~np.isin(candidates, skipped)][:count]
