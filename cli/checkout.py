"""What only a checkout of the repository has, and saying how far a measurement is."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from floodline.errors import ConfigurationError


@contextmanager
def in_a_checkout(command: str) -> Iterator[None]:
    """Say where the benchmarks are when they, or what only they need, are not installed."""
    only_theirs = ("benchmarks", "orjson", "psutil")
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in only_theirs:
            raise
        raise ConfigurationError(
            "the benchmarks come with a checkout of the repository, not with the installed "
            f"package; run `make setup` in a checkout, then .venv/bin/floodline bench {command}"
        ) from error


def say(line: str) -> None:
    """A line of progress, on stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
