"""`floodline consume` as a child process, as a user runs it."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import psutil

from benchmarks.end_to_end.detector import Detector
from floodline.errors import DependencyDown

_COMMAND = "import sys; from floodline.launcher import main; sys.exit(main())"
_STOP_SECONDS = 30.0


class Member:
    """One process of the detector's group."""

    def __init__(self, detector: Detector, instance: str = "one") -> None:
        self._detector = detector
        self._instance = instance
        self._log = detector.folder / f"{instance}.log"
        self._process: psutil.Popen | None = None

    def __enter__(self) -> Self:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FLOODLINE_")}
        given = ["consume", "--config", str(self._detector.file), "--instance", self._instance]
        with self._log.open("wb") as log:
            self._process = psutil.Popen(
                [sys.executable, "-c", _COMMAND, *given], stdout=log, stderr=log, env=kept
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self._started()
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(_STOP_SECONDS)

    @property
    def pid(self) -> int:
        """Its process id."""
        return int(self._started().pid)

    def cpu(self) -> float:
        """Seconds of CPU time used so far.

        Raises:
            DependencyDown: it ended.
        """
        process = self._started()
        if process.poll() is not None:
            raise DependencyDown(f"floodline consume ended early; it said:\n{self._last_words()}")
        times = process.cpu_times()
        return float(times.user + times.system)

    def running(self) -> set[int]:
        """The partitions that it scores now, from its log."""
        return running(self._lines())

    def _lines(self) -> Iterator[dict[str, Any]]:
        whole = self._log.read_text(encoding="utf-8").rpartition("\n")[0]
        return (json.loads(line) for line in whole.splitlines() if line.startswith("{"))

    def _last_words(self) -> str:
        return self._log.read_text(encoding="utf-8")[-3_000:]

    def _started(self) -> psutil.Popen:
        if self._process is None:
            raise RuntimeError("use it in a with statement")
        return self._process


def running(lines: Iterable[Mapping[str, Any]]) -> set[int]:
    """The partitions that log lines of `floodline consume` leave in the state of being scored."""
    held: set[int] = set()
    for line in lines:
        if line["event"] == "running":
            held.add(line["partition"])
        elif line["event"] in ("assigned", "revoked", "lost"):
            held -= set(line["partitions"])
    return held
