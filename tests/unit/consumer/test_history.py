"""A model that begins anew may learn a history first; nothing of that is published."""

from pathlib import Path

import pytest

from consumer.history import History, parse_history
from floodline.configuration.sections import Configuration
from floodline.errors import ConfigurationError
from floodline.events.messages import Alert
from tests.fakes.kafka import FakeBroker
from tests.fakes.member import Member, configure, levels
from tests.fixtures.scoring_reference import Expected, score_offline

VALUES = levels(5, 900)
TOPIC_ID = "kT0picIdOfTheTests"


def warmed(warm_from: str | None) -> Configuration:
    """A detector with floodline's own profile that begins at the log's end."""
    return configure(
        model={"profile": "default", "trees": 10, "height": 4, "window": 50, "warm_up": 100},
        consumer={"start": "latest", "warm_from": warm_from, "snapshot_every_events": 100},
    )


def alerts(broker: FakeBroker, configuration: Configuration, folder: Path) -> list[Alert]:
    """Three members after each other: the first begins at offset 400, the others go on."""
    for end in (400, 450, 900):
        broker.append(0, VALUES[broker.end(0) : end])
        member = Member(broker, configuration, folder)
        member.input.give(0)
        member.run()
    assert broker.committed() == {0: 900}
    return broker.alerts()


def expected(configuration: Configuration, start: int) -> list[Expected]:
    """What a model that learnt from `start` on alerts from offset 400 on."""
    records = [(offset, VALUES[offset]) for offset in range(start, 900)]
    offline = score_offline(configuration, TOPIC_ID, 0, records)
    return [alert for alert in offline.alerts if int(alert.id.rsplit("-", 1)[1]) >= 400]


@pytest.mark.parametrize(
    ("warm_from", "start"),
    [("earliest", 0), ("offset:150", 150), ("time:1970-01-01T00:00:01.150Z", 150)],
)
def test_the_model_begins_with_what_it_learnt(tmp_path: Path, warm_from: str, start: int) -> None:
    """From the first event on it scores as one that saw the history, a restart included."""
    configuration = warmed(warm_from)
    found = alerts(FakeBroker(configuration.topics), configuration, tmp_path)
    wanted = expected(configuration, start)
    assert [Expected.of(alert) for alert in found] == wanted
    assert any(400 <= alert.coordinates.offset < 500 for alert in found)


def test_without_history_it_warms_up_first(tmp_path: Path) -> None:
    """An empty model gives no alert until it is warm."""
    configuration = warmed(None)
    found = alerts(FakeBroker(configuration.topics), configuration, tmp_path)
    assert found
    assert min(alert.coordinates.offset for alert in found) >= 500


def test_a_file_is_a_history_too(tmp_path: Path) -> None:
    """A CSV with the features' columns is learnt in its order."""
    rows = [b"y,x,other"] + [f"{n % 7},{n % 5},z".encode() for n in range(300)]
    file = tmp_path / "history.csv"
    file.write_bytes(b"\n".join(rows) + b"\n")
    configuration = warmed(f"file:{file}")
    broker = FakeBroker(configuration.topics)
    member = Member(broker, configuration, tmp_path / "store")
    member.input.give(0)
    broker.append(0, VALUES[:5])
    member.run()
    (change,) = broker.changes(0)
    assert change.fresh
    assert change.release.model is not None
    assert member.store.read(change.release.model.state_sha256)


def test_a_file_without_the_features_is_refused(tmp_path: Path) -> None:
    """The message names the column that is not there."""
    file = tmp_path / "history.csv"
    file.write_bytes(b"x\n1\n2\n")
    configuration = warmed(f"file:{file}")
    broker = FakeBroker(configuration.topics)
    broker.append(0, VALUES[:5])
    member = Member(broker, configuration, tmp_path / "store")
    member.input.give(0)
    with pytest.raises(ConfigurationError, match="has no column y"):
        member.run()


def test_a_history_is_named_in_one_of_four_ways() -> None:
    """Anything else is refused with what would do."""
    assert parse_history("earliest") == History("offset", 0)
    assert parse_history("time:1970-01-01T00:00:02Z") == History("time", 2000)
    for text in ("latest", "offset:-1", "offset:x", "time:2026-01-01", "time:noon", "file:", ""):
        with pytest.raises(ConfigurationError, match="earliest, offset:1200"):
            parse_history(text)


def test_a_file_follows_the_rules_for_missing_values(tmp_path: Path) -> None:
    """A number stands in, and what the consumer would refuse is not learnt."""

    def learnt(text: str, missing: dict[str, float]) -> str:
        file = tmp_path / "history.csv"
        file.write_text(f"x,y\n{text}")
        configuration = configure(
            detector={"missing": missing}, consumer={"warm_from": f"file:{file}"}
        )
        broker = FakeBroker(configuration.topics)
        broker.append(0, VALUES[:5])
        member = Member(broker, configuration, tmp_path / "store")
        member.input.give(0)
        member.run()
        model = broker.changes(0)[0].release.model
        assert model is not None
        return model.state_sha256

    rows = "".join(f"{n % 7},{n % 5}\n" for n in range(50))
    whole = learnt(f"{rows}3,9\n", {})
    assert learnt(f"{rows},3\n3,9\n", {}) == whole
    assert learnt(f"{rows}3,\n", {"y": 9}) == whole
    assert learnt(f"{rows}3,\n", {}) != whole
