"""The list of licences names every locked dependency."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_locked_package_has_its_licence_listed() -> None:
    """docs/licences.md has one row for each package of requirements.lock, and no other."""
    lock = (ROOT / "requirements.lock").read_text()
    locked = set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", lock, re.MULTILINE))
    listed = set(
        re.findall(
            r"^\| ([a-z0-9._-]+) \| .+ \|$", (ROOT / "docs/licences.md").read_text(), re.MULTILINE
        )
    )
    assert listed - {"package"} == locked
