"""Does the suite bite? Removes one safeguard at a time and shows the test that fails for it.

    make bite
    python -m tests.bite [part of a safeguard's name]

Works in a copy under a temporary folder. Exits with 1 where a safeguard can go and no test fails.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bite.safeguards import SAFEGUARDS, Safeguard

ROOT = Path(__file__).parents[2]
COPIED = ("consumer", "floodline", "tests", "pyproject.toml")
MOST_SECONDS = 120
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


class Broken(Exception):  # noqa: N818
    """The proof itself is broken: a text is gone, or the tests fail without any removal."""


def copy(folder: Path) -> None:
    """The tree, with the compiled kernels that lie beside their sources."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)
        else:
            shutil.copy2(ROOT / name, folder / name)


def failing(folder: Path, tests: Sequence[str]) -> str | None:
    """The first of the tests that fails in the copy, or None; a run without end has failed."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {
        "CRASH_SHRINK": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(folder),
    }
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=MOST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"no end within {MOST_SECONDS} s"
    if done.returncode == 0:
        return None
    found = _FAILED.search(done.stdout)
    if done.returncode != 1 or found is None:
        raise Broken(f"pytest ended with {done.returncode}:\n{done.stdout[-3_000:]}{done.stderr}")
    return found.group(1)


def without(folder: Path, safeguard: Safeguard) -> str | None:
    """The test that fails while the safeguard is out of the copy."""
    file = folder / safeguard.file
    whole, stat = file.read_text(encoding="utf-8"), file.stat()
    if whole.count(safeguard.text) != 1:
        raise Broken(
            f"{safeguard.name}: {safeguard.file} has the text {safeguard.text!r} "
            f"{whole.count(safeguard.text)} times; mend tests/bite/safeguards.py"
        )
    file.write_text(whole.replace(safeguard.text, safeguard.without), encoding="utf-8")
    try:
        return failing(folder, safeguard.tests)
    finally:
        file.write_text(whole, encoding="utf-8")
        # What was compiled of the whole file holds again.
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def say(line: str) -> None:
    """A line of the table, as soon as it is known."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(wanted: str = "") -> int:
    """Print the table; 0 where every safeguard is missed by a test."""
    chosen = [each for each in SAFEGUARDS if wanted in each.name]
    survivors = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy(folder)
        tests = sorted({test.partition("::")[0] for each in chosen for test in each.tests})
        broken = failing(folder, tests)
        if broken is not None:
            raise Broken(f"{broken} fails with every safeguard in place")
        for safeguard in chosen:
            begun = time.monotonic()
            missed = without(folder, safeguard)
            survivors += missed is None
            said = missed or "NO TEST FAILS"
            say(f"{safeguard.name:<54}{time.monotonic() - begun:6.1f} s  {said}")
    say(f"{len(chosen)} safeguards, {survivors} of them can go unnoticed")
    return int(survivors > 0)


if __name__ == "__main__":
    try:
        sys.exit(main(" ".join(sys.argv[1:])))
    except Broken as error:
        sys.exit(f"bite: {error}")
