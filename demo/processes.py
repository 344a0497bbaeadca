"""The processes of the demo: floodline's own, as a user would start them."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec

from demo.local_kafka.leash import Leash
from floodline.errors import DependencyDown

_COMMAND = [sys.executable, "-P", "-m", "floodline.launcher"]
"""Without the folder that one stands in: another floodline, or a `json.py`, may lie there."""
_START_SECONDS = 90.0


class Processes:
    """Children that end with the demo, each with a log file in the demo's folder."""

    def __init__(self, folder: Path, config: Path) -> None:
        self._folder = folder
        self._config = config
        self._running: list[tuple[str, Leash]] = []

    def start(self, name: str, *arguments: str) -> None:
        """Start `floodline <arguments>` with its output in <name>.log."""
        with self.log(name).open("wb") as output:
            command = [*_COMMAND, *arguments, "--config", str(self._config)]
            self._running.append((name, Leash(command, output)))

    def log(self, name: str) -> Path:
        """Where a child's output goes."""
        return self._folder / f"{name}.log"

    def run(self, *arguments: str) -> dict[str, Any]:
        """Run `floodline <arguments> --json` to its end; what it printed.

        Raises:
            DependencyDown: it failed; with what it said.
        """
        done = subprocess.run(
            [*_COMMAND, *arguments, "--json", "--config", str(self._config)],
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise DependencyDown(f"`floodline {' '.join(arguments)}` failed: {said}")
        found: dict[str, Any] = msgspec.json.decode(done.stdout)
        return found

    def await_answer(self, name: str, url: str) -> None:
        """Wait until the child called `name` answers at `url` with 200.

        Raises:
            DependencyDown: it ended, or did not answer in time; with the end of its log.
        """
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            self.check()
            try:
                if httpx.get(url, timeout=2).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass  # not listening yet; the deadline bounds the wait
            time.sleep(0.1)
        raise DependencyDown(f"{name} did not answer at {url}; its log ends: {self._end(name)}")

    def check(self) -> None:
        """Raise DependencyDown if a child ended by itself, with the end of its log."""
        for name, leash in self._running:
            if not leash.alive():
                raise DependencyDown(f"{name} ended by itself; its log ends: {self._end(name)}")

    def stop(self) -> None:
        """End every child in order, the last started first."""
        while self._running:
            _, leash = self._running.pop()
            leash.release()

    def _end(self, name: str) -> str:
        lines = self.log(name).read_text(errors="replace").strip().splitlines()
        return "\n  ".join(["", *lines[-8:]])
