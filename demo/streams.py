"""Labelled streams: the shipped ones by name, any other as a CSV file."""

import csv
import gzip
import math
from pathlib import Path

import msgspec

from floodline.errors import ConfigurationError

DATA = Path(__file__).with_name("data")
LABEL = "label"


class Stream(msgspec.Struct, frozen=True):
    """A labelled stream in order: `rows[i]` are features, `truth[i]` is True for an anomaly."""

    name: str
    features: tuple[str, ...]
    rows: list[dict[str, float]]
    truth: list[bool]


def names() -> list[str]:
    """The streams that are shipped."""
    return sorted(file.name.removesuffix(".csv.gz") for file in DATA.glob("*.csv.gz"))


def read(name: str) -> Stream:
    """The stream with this name, or in this CSV file (plain or .gz) with a column `label`.

    Raises:
        ConfigurationError: there is no such stream, or the file is not what it should be.
    """
    file = DATA / f"{name}.csv.gz" if name in names() else Path(name)
    if not file.is_file():
        raise ConfigurationError(f"no stream {name!r}: say one of {', '.join(names())}, or a file")
    try:
        if file.suffix == ".gz":
            text = gzip.decompress(file.read_bytes()).decode()
        else:
            text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: cannot be read as CSV: {error}") from error
    return _parse(file.name.removesuffix(".gz").removesuffix(".csv"), file, text)


def _parse(name: str, file: Path, text: str) -> Stream:
    reader = csv.DictReader(text.splitlines())
    columns = list(reader.fieldnames or [])
    features = tuple(column for column in columns if column != LABEL)
    if LABEL not in columns or not features:
        raise ConfigurationError(f"{file}: needs feature columns and a column {LABEL!r} of 0 and 1")
    rows, truth = [], []
    for row in reader:
        try:
            values = {feature: float(row[feature]) for feature in features}
            label = float(row[LABEL])
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"{file}, line {reader.line_num}: {error}") from error
        if label not in (0, 1) or not all(map(math.isfinite, values.values())):
            raise ConfigurationError(
                f"{file}, line {reader.line_num}: labels are 0 or 1, features finite numbers"
            )
        rows.append(values)
        truth.append(label == 1)
    if not rows:
        raise ConfigurationError(f"{file}: has no rows")
    return Stream(name, features, rows, truth)
