"""Reading the tables that data packages ship: categories and missing values become numbers."""

import importlib.util
import io
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.detection.labelled_stream import Rows

Labels = NDArray[np.str_]

_MOSTLY = 0.6
"""A column with at least this share of numbers is one of numbers, else one of categories."""


def installed(package: str) -> bool:
    """Whether the package can be imported here."""
    return importlib.util.find_spec(package) is not None


def folder(package: str) -> Path:
    """Where the package's files lie; nothing of it is run.

    Raises:
        FileNotFoundError: it is not installed.
    """
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"the package {package} is not installed")
    return Path(found.origin).parent


def read_table(file: Path, label: str | int = -1) -> tuple[Rows, Labels]:
    """Features as numbers, and the labels as text.

    KEEL and ARFF files are read by position; a CSV file with a header where `label` is a name.
    """
    text = file.read_text(encoding="utf-8", errors="replace")
    lines = [line for line in text.splitlines() if line.strip() and line[0] not in "@%"]
    header = 0 if isinstance(label, str) else None
    separator = ";" if ";" in lines[0] else ","
    table = pd.read_csv(
        io.StringIO("\n".join(lines)),
        header=header,
        sep=separator,
        skipinitialspace=True,
        na_values=["?"],
        low_memory=False,
    )
    name = label if isinstance(label, str) else table.columns[label]
    labels = table[name].astype(str).str.strip().to_numpy(dtype=np.str_)
    return encoded(table.drop(columns=[name])), labels


def encoded(table: pd.DataFrame) -> Rows:
    """Numbers as they are, with medians for missing ones; other columns as codes in order."""
    columns = []
    for name in table.columns:
        text = table[name].astype(str).str.strip()
        numbers = pd.to_numeric(text, errors="coerce")
        if numbers.notna().mean() > _MOSTLY:
            columns.append(numbers.fillna(numbers.median()).to_numpy(dtype=np.float64))
        else:
            columns.append(pd.factorize(text, sort=True)[0].astype(np.float64))
    return np.column_stack(columns)
