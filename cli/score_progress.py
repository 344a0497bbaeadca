"""How far a file was read, on a terminal only."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from cli.scoring_run import Progress
from cli.terminal_bar import terminal_bar


@contextmanager
def progress_bar(what: str, *, to_stdout: bool) -> Iterator[Progress]:
    """A bar on stderr, unless that is no terminal or the lines themselves are seen on it."""
    with terminal_bar(what, unless=to_stdout and sys.stdout.isatty()) as told:
        yield partial(told, what)
