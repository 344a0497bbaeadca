"""Where scored lines go."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cli.scored_lines import OUTPUTS, NdjsonLines, NoLines, TableLines, Writer
from cli.whole_file import check_option, unwritable, whole_file
from floodline.errors import ConfigurationError

_ENDINGS = {".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv", ".parquet": "parquet"}


@contextmanager
def lines_to(
    form: str | None,
    file: Path | None,
    to_stdout: bool,
    features: tuple[str, ...],
    columns: tuple[str, ...],
    *,
    explained: bool = False,
    refusing: bool = False,
) -> Iterator[Writer]:
    """A writer to `file`, which appears only once it is whole; else to stdout, else to nothing.

    Args:
        form: one of OUTPUTS; None takes it from the file's ending, else NDJSON.
        file: the target.
        to_stdout: whether lines go to stdout where there is no file.
        features: which of `columns` are numbers.
        columns: the events' own columns that are carried.
        explained: whether alerts carry their explanation.
        refusing: whether events may be refused.

    Raises:
        ConfigurationError: the format is not known or does not fit, or the file cannot be written.
    """
    chosen = form or _by_ending(file)

    def writer_to(target: BinaryIO) -> Writer:
        if chosen == "ndjson":
            return NdjsonLines(target)
        return TableLines(target, chosen, features, columns, explained=explained, refusing=refusing)

    if file is None:
        if to_stdout and chosen == "parquet" and sys.stdout.isatty():
            raise ConfigurationError("--output parquet: is no text; name a file with -o")
        yield writer_to(sys.stdout.buffer) if to_stdout else NoLines()
        return
    try:
        with whole_file(file) as target:
            yield writer_to(target)
    except OSError as error:
        raise unwritable("-o", file, error) from error


def check_output(form: str | None, file: Path | None) -> None:
    """Find out before any work whether `lines_to` could write.

    Raises:
        ConfigurationError: as `lines_to`.
    """
    if form is None:
        _by_ending(file)
    if file is not None:
        check_option("-o", file)


def silence_stdout() -> None:
    """Let what stdout still holds go nowhere: its reader has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _by_ending(file: Path | None) -> str:
    if file is None:
        return "ndjson"
    form = _ENDINGS.get(file.suffix.lower())
    if form is None:
        raise ConfigurationError(
            f"-o {file}: its ending tells no format; say it with --output ({', '.join(OUTPUTS)})"
        )
    return form
