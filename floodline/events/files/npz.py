"""Events as NumPy arrays: `X`, and `y` and `feature_names` where they are there."""

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
        return each_once(self.name, given.astype(str).tolist())

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
            raise ConfigurationError(f"{name}: is no .npz archive, or only a part of one")
        file.seek(0)
        try:
            with np.load(file, allow_pickle=False) as archive:
                if _ROWS not in archive.files:
                    held = ", ".join(archive.files) or "none"
                    raise ConfigurationError(
                        f"{name}: holds the arrays {held}, but no {_ROWS!r} of shape "
                        "(events, features)"
                    )
                wanted = (_ROWS, _LABEL, _NAMES)
                return {each: archive[each] for each in wanted if each in archive.files}
        except (ValueError, zipfile.BadZipFile, zlib.error, MemoryError) as error:
            raise _unreadable(name, error) from error


def _unreadable(name: str, error: Exception) -> ConfigurationError:
    if "allow_pickle" in str(error):
        return ConfigurationError(
            f"{name}: holds Python objects, which are code and are never loaded; save plain "
            "arrays of numbers (and feature_names as text, such as dtype U20)"
        )
    return ConfigurationError(f"{name}: is a damaged .npz archive: {error}")
