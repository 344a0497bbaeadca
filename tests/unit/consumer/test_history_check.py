"""A wrong `warm_from` stops the consumer at its start, not at its first partition."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from consumer.history_check import check_history
from floodline.configuration.sections import Configuration
from floodline.errors import ConfigurationError
from tests.fakes.member import configure


def warmed(warm_from: str | None) -> Configuration:
    """A detector of x and y with this history."""
    return configure(consumer={"warm_from": warm_from})


@pytest.mark.parametrize(
    ("warm_from", "said"),
    [
        ("file:none.csv", "consumer.warm_from: none.csv: there is no such file"),
        ("file:.", r"consumer.warm_from: .: its ending does not tell"),
        ("file:short.csv", "short.csv: has no column y; name another history"),
        ("file:empty.csv", "empty.csv: has no events"),
        ("time:yesterday", "consumer.warm_from: 'time:yesterday' is none of earliest"),
        ("offset:-1", "consumer.warm_from: 'offset:-1' is none of earliest"),
    ],
)
def test_a_wrong_history_is_said_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm_from: str, said: str
) -> None:
    """The setting, the file and what is wrong with it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.csv").write_text("x\n1\n")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(ConfigurationError, match=said):
        check_history(warmed(warm_from))


def test_it_is_said_who_learns_the_history(tmp_path: Path) -> None:
    """One line: partitions with kept state do not; without a history there is none."""
    file = tmp_path / "history.csv"
    file.write_text("x,y\n1,2\n")
    with capture_logs() as said:
        check_history(warmed(None))
        check_history(warmed(f"file:{file}"))
        check_history(warmed("earliest"))
    assert [line["history"] for line in said] == [f"file:{file}", "earliest"]
    assert all("those with kept state go on without it" in line["event"] for line in said)
