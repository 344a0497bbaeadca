"""`floodline bench decode`, as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

FIGURES = ("bytes", "orjson", "msgspec", "matrix", "ratio")


def test_one_object_has_every_figure(tmp_path: Path) -> None:
    """`--json` prints the figures by their names; both ways give the same bits, ours sooner."""
    command = [
        sys.executable, "-m", "floodline.launcher", "bench", "decode", "--rounds", "1", "--json",
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=200, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    names = {f"{name}{ending}" for name in FIGURES for ending in ("", "_17_digits")}
    assert set(found) == names | {"rounds", "seed", "bit_equal"}
    assert found["bit_equal"] is True
    assert found["bytes"] == 177
    # Below what an idle machine shows: a busy one must not fail the test.
    assert found["ratio"] > 1.5
