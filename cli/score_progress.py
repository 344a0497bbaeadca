"""How far a file was read, on a terminal only."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from cli.scoring_run import Progress as Told


@contextmanager
def progress_bar(what: str, *, to_stdout: bool) -> Iterator[Told]:
    """A bar on stderr, unless that is no terminal or the lines themselves are seen on it."""
    if not sys.stderr.isatty() or (to_stdout and sys.stdout.isatty()):
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

        def told(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of or None)

        yield told


def _unseen(done: int, of: int) -> None:
    pass
