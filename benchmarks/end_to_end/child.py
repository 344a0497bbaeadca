"""A module of this package as a child process that prints JSON."""

import subprocess
import sys
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from floodline.errors import DependencyDown

Answer = TypeVar("Answer")


class Child:
    """Runs until it ends by itself; killed where the `with` block ends before."""

    def __init__(self, module: str, **flags: str | int | float) -> None:
        name = f"benchmarks.end_to_end.{module}"
        given = [f"--{flag.replace('_', '-')}={value}" for flag, value in flags.items()]
        self._name = name
        self._process = subprocess.Popen(
            [sys.executable, "-m", name, *given], stdout=subprocess.PIPE
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.ended():
            return
        self._process.kill()
        self._process.communicate()

    def ended(self) -> bool:
        """Whether it is done."""
        return self._process.poll() is not None

    def answer(self, kind: type[Answer]) -> Answer:
        """What it printed, once it ended.

        Raises:
            DependencyDown: it failed; its error is on stderr.
        """
        printed, _ = self._process.communicate()
        if self._process.returncode:
            raise DependencyDown(f"{self._name} ended with code {self._process.returncode}")
        return msgspec.json.decode(printed, type=kind)
