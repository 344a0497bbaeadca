"""Events as NumPy arrays: `X`, and `y` and `feature_names` where they are there."""

import lzma
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from floodline.errors import ConfigurationError
from floodline.events.files.event_file import Chunk, Wanted, each_once, invalid_cell
from floodline.events.files.labels import truths
from floodline.events.files.source import is_empty, reading

CHUNK_EVENTS = 10_000
_ROWS, _LABEL, _NAMES = "X", "y", "feature_names"
_NUMBERS = "buif"
_DAMAGES = (
    AttributeError, EOFError, LookupError, MemoryError, OSError, OverflowError, RuntimeError,
    SyntaxError, TypeError, ValueError, lzma.LZMAError, struct.error, tokenize.TokenError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What zipfile, its unpackers and NumPy's reader of headers raise for bytes that are none."""


class NpzFile:
    """`X` of shape (n, d), or (n,) for one feature; columns `feature_names`, else x0, x1, ...

    The arrays are held in memory, as NumPy reads them; objects in them are refused, since to read
    those is to run code.
    """

    may_grow = False

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        arrays = _load(path)
        rows = self._matrix(arrays[_ROWS])
        self.numeric = self._names(arrays.get(_NAMES), rows.shape[1])
        self._columns = dict(zip(self.numeric, rows.T, strict=True))
        self._events = len(rows)
        self._done = 0
        if _LABEL in arrays:
            self._add_label(arrays[_LABEL])
        self.columns = tuple(self._columns)

    def progress(self) -> tuple[int, int]:
        """Rows that were read, and all."""
        return self._done, self._events

    def chunks(self, wanted: Wanted) -> Iterator[Chunk]:
        """The events in order; see `EventFile`."""
        for start in range(0, self._events, CHUNK_EVENTS):
            self._done = min(start + CHUNK_EVENTS, self._events)
            yield self._chunk(start, self._done, wanted)

    def _chunk(self, start: int, end: int, wanted: Wanted) -> Chunk:
        rows = np.empty((end - start, len(wanted.features)), dtype=np.float64)
        with np.errstate(over="ignore"):  # a longer float may be infinite here: said below
            for place, name in enumerate(wanted.features):
                rows[:, place] = self._numbers(name)[start:end]
        infinite = np.isinf(rows)
        if infinite.any() and not wanted.skip_invalid:
            row, place = np.argwhere(infinite)[0].tolist()
            value = rows[row, place].item()
            raise invalid_cell(self.name, start + row, wanted.features[place], value)
        kept = np.flatnonzero(~infinite.any(axis=1))
        numbers = (start + kept).astype(np.int64)
        labels = None
        if wanted.label is not None:
            told = self._columns[wanted.label][numbers].tolist()
            labels = truths(self.name, wanted.label, told, numbers)
        return Chunk(
            numbers=numbers,
            rows=rows[kept],
            labels=labels,
            events=self._whole(numbers) if wanted.whole else None,
            invalid=len(rows) - len(kept),
        )

    def _numbers(self, name: str) -> NDArray[Any]:
        column: NDArray[Any] = self._columns[name]
        if column.dtype.kind not in _NUMBERS:
            raise ConfigurationError(f"{self.name}: {name!r} holds {column.dtype}, not numbers")
        return column

    def _whole(self, numbers: NDArray[np.int64]) -> list[dict[str, Any]]:
        cells = [column[numbers].tolist() for column in self._columns.values()]
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*cells, strict=True)]

    def _matrix(self, rows: NDArray[Any]) -> NDArray[Any]:
        if rows.dtype.kind not in _NUMBERS or rows.ndim not in (1, 2):
            raise ConfigurationError(
                f"{self.name}: {_ROWS!r} has the type {rows.dtype} and the shape {rows.shape}; it "
                "must hold numbers in the shape (events, features)"
            )
        if not rows.size:
            raise is_empty(self.name)
        return rows if rows.ndim == 2 else rows.reshape(-1, 1)

    def _names(self, given: NDArray[Any] | None, width: int) -> tuple[str, ...]:
        if given is None:
            return tuple(f"x{place}" for place in range(width))
        if given.shape != (width,) or given.dtype.kind not in "US":
            raise ConfigurationError(
                f"{self.name}: {_NAMES!r} has the type {given.dtype} and the shape {given.shape}; "
                f"the {width} columns of {_ROWS!r} need {width} names"
            )
        try:
            names = given.astype(str).tolist()
        except UnicodeDecodeError as error:
            raise ConfigurationError(
                f"{self.name}: {_NAMES!r} has bytes that are no ASCII; save the names as text, "
                "such as dtype U20"
            ) from error
        return each_once(self.name, names)

    def _add_label(self, label: NDArray[Any]) -> None:
        label = label.reshape(-1) if label.shape == (self._events, 1) else label
        if label.shape != (self._events,):
            raise ConfigurationError(
                f"{self.name}: {_LABEL!r} has the shape {label.shape}, but {_ROWS!r} has "
                f"{self._events} rows"
            )
        each_once(self.name, (*self.numeric, _LABEL))
        self._columns[_LABEL] = label


def _load(path: Path) -> dict[str, NDArray[Any]]:
    name = str(path)
    with reading(name), path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise ConfigurationError(
                f"{name}: is no .npz archive, or only a part of one; fetch it or save it again "
                "(numpy.savez)"
            )
        file.seek(0)
        try:
            archive = zipfile.ZipFile(file)
        except _DAMAGES as error:
            raise _unreadable(name, error) from error
        with archive:
            members = set(archive.namelist())
            if f"{_ROWS}.npy" not in members:
                held = ", ".join(sorted(each.removesuffix(".npy") for each in members)) or "none"
                raise ConfigurationError(
                    f"{name}: holds the arrays {held}, but no {_ROWS!r} of shape (events, features)"
                )
            wanted = [each for each in (_ROWS, _LABEL, _NAMES) if f"{each}.npy" in members]
            return {each: _array(name, archive, each) for each in wanted}


def _array(name: str, archive: zipfile.ZipFile, array: str) -> NDArray[Any]:
    where = f"{name}: its array {array!r}"
    try:
        with archive.open(f"{array}.npy") as member:
            found: NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
    except _DAMAGES as error:
        raise _unreadable(where, error) from error
    return found


def _unreadable(where: str, error: Exception) -> ConfigurationError:
    text = str(error)
    if "Object arrays" in text:
        return ConfigurationError(
            f"{where} holds Python objects, which are code and are never loaded; save plain "
            "arrays of numbers (and feature_names as text, such as dtype U20)"
        )
    if "encrypted" in text:
        return ConfigurationError(f"{where} is encrypted; save it without a password")
    if isinstance(error, NotImplementedError):
        return ConfigurationError(
            f"{where} is packed in a way that is not read here ({text}); save it with numpy.savez "
            "or numpy.savez_compressed"
        )
    if isinstance(error, MemoryError):
        return ConfigurationError(
            f"{where} does not fit into memory, or says a size that it has not ({text}); save it "
            "in pieces, or as Parquet, which is read in pieces"
        )
    said = text.splitlines()[0][:200] if text else type(error).__name__
    return ConfigurationError(f"{where} is damaged ({said}); fetch it or save it again")
