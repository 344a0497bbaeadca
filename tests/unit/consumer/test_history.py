"""A model that begins anew may learn a history first; nothing of that is published."""

import hashlib
import itertools
from pathlib import Path

import numpy as np
import pytest

from consumer.history import History, Teacher, parse_history
from consumer.records import Batch
from floodline.configuration.sections import Configuration
from floodline.detection.detector import Rows
from floodline.detection.scorer import Scorer
from floodline.errors import ConfigurationError
from floodline.events.messages import Alert
from floodline.events.row_decoder import RowDecoder
from tests.fakes.kafka import FakeBroker, FakeClock, FakeInput, FakeLog, FakeReplay
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


class SlowReplay:
    """Each read takes as long as a step may; notes how often the group was polled by then."""

    def __init__(self, replay: FakeReplay, member: Member, polls: list[int]) -> None:
        self._replay, self._member, self._polls = replay, member, polls

    def read(self, seconds: float) -> tuple[list[Batch], bool]:
        """The next piece, late."""
        self._member.clock.seconds += 0.25
        self._polls.append(self._member.turns)
        return self._replay.read(seconds)

    def close(self) -> None:
        """Let go."""
        self._replay.close()


def slow_learner(
    broker: FakeBroker, configuration: Configuration, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Member, list[int]]:
    """A member with 600 events to learn before it scores, and its turns at each read of them."""
    broker.append(0, VALUES[:600])
    member = Member(broker, configuration, folder)
    replay, turns = member.log.replay, list[int]()
    monkeypatch.setattr(
        member.log, "replay", lambda *where: SlowReplay(replay(*where), member, turns)
    )
    member.input.give(0)
    return member, turns


def test_the_group_is_polled_while_a_history_is_learnt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it is: a turn learns for a quarter of a second, and the model is the same."""
    configuration = warmed("earliest")
    broker = FakeBroker(configuration.topics)
    member, turns = slow_learner(broker, configuration, tmp_path, monkeypatch)
    member.run(lambda: broker.committed() == {0: 600})
    assert len(turns) == 600 / 50
    assert turns == list(range(turns[0], turns[0] + len(turns)))
    assert member.log.replays[0].closed
    (change,) = broker.changes(0)
    rows = RowDecoder(configuration.schema_of_events).decode(VALUES[:600]).rows
    assert change.release.model is not None
    assert change.release.model.state_sha256 == learnt_at_once(configuration, rows)


def learnt_at_once(configuration: Configuration, rows: Rows) -> str:
    """The sha256 of a model's state that saw all rows in one call."""
    scorer = Scorer.new(configuration.model_parameters, configuration.detector.features)
    scorer.step_many(rows, configuration.initial_rule)
    scorer.events = 0
    return hashlib.sha256(scorer.to_state()).hexdigest()


def test_a_file_is_learnt_in_steps(tmp_path: Path) -> None:
    """A step ends when its time is over, and all steps make the model that one call makes."""
    draw = np.random.default_rng(3)
    rows = draw.normal(5, 1, (4_321, 2))
    file = tmp_path / "history.csv"
    lines = [f"{x!r},{y!r}" for x, y in rows.tolist()]
    file.write_text("x,y\n" + "\n".join(lines) + "\n")
    configuration = warmed(f"file:{file}")
    clock, broker = FakeClock(), FakeBroker(configuration.topics)
    seconds = itertools.count()
    teacher = Teacher(
        configuration, FakeInput(broker, clock), FakeLog(broker), lambda: next(seconds)
    )
    lesson = teacher.lesson(0, 0)
    assert lesson is not None
    assert [lesson.step(1.0) for _ in range(6)] == [False] * 5 + [True]
    assert hashlib.sha256(lesson.scorer.to_state()).hexdigest() == learnt_at_once(
        configuration, rows
    )
    lesson.close()


def test_a_partition_that_goes_leaves_its_lesson(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is closed, and who gets the partition next learns the history anew."""
    configuration = warmed("earliest")
    broker = FakeBroker(configuration.topics)
    member, turns = slow_learner(broker, configuration, tmp_path, monkeypatch)
    member.run(lambda: len(turns) == 3)
    assert member.log.replays[0].closed
    assert broker.changes(0) == []
    other = Member(broker, configuration, tmp_path)
    other.input.give(0)
    other.run()
    (change,) = broker.changes(0)
    rows = RowDecoder(configuration.schema_of_events).decode(VALUES[:600]).rows
    assert change.release.model is not None
    assert change.release.model.state_sha256 == learnt_at_once(configuration, rows)


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
