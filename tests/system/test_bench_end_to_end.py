"""`floodline bench end-to-end`, as a user runs it, on few events."""

import json
import subprocess
import sys
from pathlib import Path

SPEEDS = (
    "consume_only", "consume_orjson", "consume_matrix", "floodline", "floodline_default",
    "river_loop",
)  # fmt: skip
RATIOS = ("default_over_orjson", "over_orjson", "over_matrix", "over_river_loop")


def test_one_object_has_every_figure(tmp_path: Path) -> None:
    """`--json` prints the figures by their names: every contender went to the topic's end."""
    command = [
        sys.executable, "-m", "floodline.launcher", "bench", "end-to-end", "--rounds", "1",
        "--events", "200000", "--no-latency", "--json",
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=280, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert all(found[name] > 0 and found["cpu_microseconds"][name] > 0 for name in SPEEDS)
    assert all(found[name] > 0 and found["cpu_ratios"][name] > 0 for name in RATIOS)
    assert found["events"] == 200_000
    assert found["bytes"] == 177
    assert 0 < found["alerts_per_1000"]["floodline"] < 5
    assert "latency_ms" not in found
    # Far below what an idle machine shows: a busy one must not fail the test.
    assert found["over_river_loop"] > 2
