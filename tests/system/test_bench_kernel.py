"""`floodline bench kernel`, as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import moa
from floodline.errors import ConfigurationError, DependencyDown

NAMES = {
    "river_10x8", "kernel_10x8", "ratio_10x8", "river_25x15", "kernel_25x15", "ratio_25x15",
    "default_50x8", "default_over_plain", "weighted_over_plain", "batch_100_over_1000", "bit_equal",
}  # fmt: skip


def test_one_object_has_every_figure(tmp_path: Path) -> None:
    """`--json` prints the figures by their names and nothing else; every score equals River's."""
    command = [
        sys.executable, "-m", "floodline.launcher", "bench", "kernel",
        "--rounds", "1", "--no-moa", "--json",
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=280, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) >= NAMES
    assert found["bit_equal"] is True
    # Far below what an idle machine shows: a busy one must not fail the test.
    assert found["ratio_10x8"] > 20
    assert found["ratio_25x15"] > 80


def test_without_java_moa_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Java and no jar are reasons to show, not errors of the run."""
    rows = np.zeros((10, 2))

    def no_java() -> Path:
        raise ConfigurationError("none")

    monkeypatch.setattr(moa, "find_java", no_java)
    with pytest.raises(moa.NoMoaError, match="no Java 17 or later"):
        moa.measure(rows, [(10, 8)], 250)


def test_without_the_network_moa_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The jar is named that could not be fetched."""

    def offline(*_: object) -> tuple[Path, ...]:
        raise DependencyDown("offline")

    monkeypatch.setattr(moa, "find_java", lambda: Path("java"))
    monkeypatch.setattr(moa, "provide", offline)
    with pytest.raises(moa.NoMoaError, match=r"nz.ac.waikato.cms.moa:moa:2024.07.0 could not"):
        moa.measure(np.zeros((10, 2)), [(10, 8)], 250)
