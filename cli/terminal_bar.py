"""A progress bar on stderr, gone at the end."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

Told = Callable[[str, int, int], None]
"""What is being done, how much is done, and of how much (0: nobody knows)."""


@contextmanager
def terminal_bar(what: str, *, unless: bool = False) -> Iterator[Told]:
    """A bar that is told how far things are, on a terminal only, and not where `unless` holds."""
    if unless or not sys.stderr.isatty():
        yield _unseen
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)

        def told(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of or None)

        yield told


def _unseen(what: str, done: int, of: int) -> None:
    pass
