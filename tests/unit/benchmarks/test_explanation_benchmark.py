"""The benchmark of explanations: a small run of it."""

import json

import pytest

from benchmarks.explanation import KINDS, main


def test_a_small_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Spikes are named right, ours takes less time than sampling, and all figures are there."""
    main(["--seeds", "1", "--each", "2", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["anomalies"] == 4 * 2 * len(KINDS)
    assert found["top_1"]["ours"]["spike"] >= 0.9
    assert set(found["top_1"]) == set(found["milliseconds"]) == {"ours", "sampled Shapley"}
    assert found["milliseconds"]["ours"] < found["milliseconds"]["sampled Shapley"]
    main(["--seeds", "1", "--each", "1"])
    assert "the same first feature" in capsys.readouterr().out
