"""Tables in Markdown, and putting a text between the marks of a document."""

from collections.abc import Iterable
from pathlib import Path

from benchmarks.detection.paired_difference import Difference
from floodline.errors import ConfigurationError


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    titles = list(head)
    ruler = ["---", *["---:"] * (len(titles) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [titles, ruler, *map(list, rows)])


def ahead(found: Difference) -> str:
    """A difference with its interval."""
    return f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


def won(found: Difference) -> str:
    """Streams won and lost."""
    return f"{found.won} : {found.lost}"


def write_between(file: Path, section: str, text: str) -> None:
    """Replace what lies between the marks of this section.

    Raises:
        ConfigurationError: the file is not there or lacks the marks.
    """
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    if not file.is_file():
        raise ConfigurationError(f"{file}: there is no such file to write into")
    before, found, rest = file.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ConfigurationError(f"{file}: lacks the lines {begin!r} and {end!r}")
    file.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")
