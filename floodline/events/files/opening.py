"""From a name to a file of events in one of the formats."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from floodline.errors import ConfigurationError
from floodline.events.files.event_file import EventFile
from floodline.events.files.source import Bytes, open_source

FORMATS = ("csv", "ndjson", "npz", "parquet")
_PIPED = ("csv", "ndjson")
_EXTENSIONS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".npz": "npz",
    ".parquet": "parquet",
}


@contextmanager
def open_events(name: str, form: str | None, stdin: Bytes) -> Iterator[EventFile]:
    """The events in the file `name`, or on stdin for `-`.

    Args:
        name: a file; .csv and .ndjson (or .jsonl) may be packed (.gz).
        form: one of FORMATS; None takes it from the file's ending.
        stdin: where `-` reads.

    Raises:
        ConfigurationError: the format is not known, or the file is not what it should be.
    """
    chosen = form or _by_ending(name)
    if chosen in _PIPED:
        with open_source(name, stdin) as source:
            # Imported where they are needed: pyarrow takes a while, and NDJSON needs none.
            if chosen == "ndjson":
                from floodline.events.files.ndjson import NdjsonFile

                yield NdjsonFile(source)
            else:
                from floodline.events.files.csv_text import CsvFile

                yield CsvFile(source)
    elif name == "-":
        raise ConfigurationError(f"stdin: {chosen} cannot be read from a pipe; name a file")
    elif chosen == "npz":
        from floodline.events.files.npz import NpzFile

        yield NpzFile(Path(name))
    else:
        from floodline.events.files.parquet import ParquetFile

        yield ParquetFile(Path(name))


def _by_ending(name: str) -> str:
    if name == "-":
        raise ConfigurationError("stdin: say with --format what comes: csv or ndjson")
    ending = Path(name.lower().removesuffix(".gz")).suffix
    chosen = _EXTENSIONS.get(ending)
    packed = name.lower().endswith(".gz")
    if chosen is None or (packed and chosen not in _PIPED):
        known = ", ".join([*_EXTENSIONS, ".csv.gz", ".ndjson.gz"])
        raise ConfigurationError(
            f"{name}: its ending does not tell a format that is read here ({known}); "
            f"say it with --format ({', '.join(FORMATS)})"
        )
    return chosen
