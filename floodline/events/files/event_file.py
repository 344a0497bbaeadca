"""What every file of events gives, whatever its format."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.errors import ConfigurationError


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of each event.

    Attributes:
        features: the columns of `Chunk.rows`, in this order.
        label: the column that tells the truth, never a feature.
        whole: carry every column in `Chunk.events`.
        skip_invalid: leave out and count an event that cannot be read, in place of an error.
    """

    features: tuple[str, ...]
    label: str | None = None
    whole: bool = False
    skip_invalid: bool = False


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """Some events of a file in order; n may be 0.

    Attributes:
        numbers: each event's row in the file, the first is 0; shape (n,).
        rows: the features, shape (n, d), NaN where one is missing.
        labels: True for an anomaly, shape (n,); None where no label was wanted.
        events: every column of each event; None where that was not wanted.
        invalid: events between these that were left out.
    """

    numbers: NDArray[np.int64]
    rows: NDArray[np.float64]
    labels: NDArray[np.bool_] | None = None
    events: Sequence[Mapping[str, Any]] | None = None
    invalid: int = 0


class EventFile(Protocol):
    """A file of events, read once from its start to its end in bounded memory."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns, as far as its start tells."""
        ...

    @property
    def numeric(self) -> tuple[str, ...]:
        """Those that hold numbers, as far as its start tells."""
        ...

    @property
    def may_grow(self) -> bool:
        """Whether columns may appear later that its start does not tell."""
        ...

    def progress(self) -> tuple[int, int]:
        """How much was read, of how much, in one unit; (0, 0) where that is not known."""
        ...

    def chunks(self, wanted: Wanted) -> Iterator[Chunk]:
        """The events in order; once only.

        Raises:
            ConfigurationError: the file is damaged, or an event cannot be read: where and why.
        """
        ...


def nothing(wanted: Wanted, left_out: int) -> Chunk:
    """A chunk that only says how many events were left out."""
    return Chunk(
        numbers=np.empty(0, dtype=np.int64),
        rows=np.empty((0, len(wanted.features))),
        labels=None if wanted.label is None else np.empty(0, dtype=np.bool_),
        events=[] if wanted.whole else None,
        invalid=left_out,
    )


def each_once(name: str, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns, if no two have the same name.

    Raises:
        ConfigurationError: a name stands twice.
    """
    seen: set[str] = set()
    for column in columns:
        if column in seen:
            raise ConfigurationError(
                f"{name}: two columns are called {column!r}; rename one, so that it is clear "
                "which is meant"
            )
        seen.add(column)
    return tuple(columns)


def invalid_cell(name: str, row: int, column: str, value: object) -> ConfigurationError:
    """The error for a feature's cell that is no finite number."""
    text = repr(value)
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    return ConfigurationError(
        f"{name}: row {row} (the first is 0), column {column!r}: {shown} is not a finite number; "
        "correct it, choose other columns with --features, or leave such rows out with "
        "--skip-invalid"
    )
