"""`floodline config check`, as a user runs it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import run

DETECTOR = '[detector]\nname = "t"\ntopic = "t"\nfeatures = ["x", "y"]\n'
Check = Callable[..., tuple[int, str, str]]


@pytest.fixture
def check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Check:
    """Exit code, stdout and stderr for a floodline.toml with this text."""
    monkeypatch.chdir(tmp_path)

    def checked(text: str, *flags: str) -> tuple[int, str, str]:
        (tmp_path / "floodline.toml").write_text(text)
        monkeypatch.setattr(sys, "argv", ["floodline", "config", "check", *flags])
        code = run()
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return checked


def test_it_says_before_which_event_no_alert_can_come(check: Check) -> None:
    """With the two reasons and the settings that change it; as a number with --json."""
    code, out, _ = check(DETECTOR)
    assert code == 0
    assert "no alert before event 451 of a partition: 250 events warm the model up" in out
    assert "rarity of 0.001" in out
    code, out, _ = check(DETECTOR + "[threshold]\ninitial_score = 0.9\n", "--json")
    assert (code, json.loads(out)["events_before_alerts"]) == (0, 250)


def test_a_detector_that_cannot_serve_is_refused(check: Check) -> None:
    """Exit code 3 and the consumer's own words, before a consumer is started."""
    model = '[model]\nprofile = "detector"\nsteps = ["river.anomaly.GaussianScorer"]\n'
    code, out, err = check(DETECTOR + model)
    assert (code, out) == (3, "")
    assert err.startswith("floodline: [model]: ")
    assert "GaussianScorer" in err
    assert "Traceback" not in err
