"""The intake over a log in memory, on SQLite and on PostgreSQL."""

from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from feedback_api.intake.intake import Intake
from feedback_api.intake.storing import Topic, store
from feedback_api.ports import Record
from floodline.detection.parameters import DefaultProfile
from floodline.storage import alerts, intake_offsets
from floodline.storage.alerts import AlertFilter, Kind
from floodline.storage.engine import transaction
from floodline.telemetry.metrics import FeedbackMetrics
from tests.integration.intake.messages import (
    DETECTOR,
    EVENTS_TOPIC_ID,
    KAFKA_GONE,
    Log,
    alert_message,
    eventually,
    working,
)
from tests.integration.storage.samples import NOW, new_alert

TOPIC = Topic("shuttle.alerts", "log-1", Kind.ALERT)


def _count(engine: Engine) -> int:
    with transaction(engine) as session:
        return alerts.count(session, AlertFilter(detector=DETECTOR))


def _offset(engine: Engine, topic_id: str = "log-1") -> int | None:
    with transaction(engine) as session:
        return intake_offsets.read(session, TOPIC.name, topic_id).get(0)


def _intake(engine: Engine, log: Log, registry: CollectorRegistry | None = None) -> Intake:
    return Intake(
        engine,
        log.open,
        topic=TOPIC.name,
        kind=TOPIC.kind,
        detector=DETECTOR,
        model=DefaultProfile(),
        clock=lambda: NOW,
        metrics=FeedbackMetrics(registry or CollectorRegistry()),
    )


def test_bad_messages_never_stop_the_intake(engine: Engine) -> None:
    """Garbage between alerts is counted and passed over, and every alert is stored once."""
    values: list[bytes | None] = [
        alert_message(0),
        b"garbage",
        None,
        alert_message(1),
        alert_message(0),
        b"\xff" * 1000,
        alert_message(2).replace(b'"shuttle"', b'"another"'),
        alert_message(3).replace(b"unit-0", b"unit\\u0000"),
        alert_message(4),
    ]
    registry = CollectorRegistry()
    log = Log(values=values)
    with working(_intake(engine, log, registry).attempt):
        eventually(lambda: _offset(engine) == len(values), "all is read")
    assert _count(engine) == 4
    counted = {
        outcome: registry.get_sample_value(
            "floodline_intake_alerts_total", {"detector": DETECTOR, "outcome": outcome}
        )
        for outcome in ("stored", "known", "refused")
    }
    assert counted == {"stored": 4, "known": 1, "refused": 4}


def test_a_restart_goes_on_where_sql_says(engine: Engine) -> None:
    """A second run reads from the stored offset, and a Kafka that went away comes back."""
    log = Log(values=[alert_message(n) for n in range(5)])
    with working(_intake(engine, log).attempt):
        eventually(lambda: _offset(engine) == 5, "the first five are read")
    log.values += [alert_message(n) for n in range(5, 9)]
    log.faults = [KAFKA_GONE, KAFKA_GONE]
    with working(_intake(engine, log).attempt):
        eventually(lambda: _offset(engine) == 9, "the others are read")
    assert log.read_from == [0, 5, 5, 5]
    assert _count(engine) == 9


def test_a_recreated_topic_is_read_from_its_start(engine: Engine) -> None:
    """Offsets belong to a topic's id: another topic of the same name begins anew."""
    log = Log(values=[alert_message(n) for n in range(3)])
    with working(_intake(engine, log).attempt):
        eventually(lambda: _offset(engine) == 3, "the first topic is read")
    anew = Log(id="log-2", values=[alert_message(n) for n in range(2, 5)])
    with working(_intake(engine, anew).attempt):
        eventually(lambda: _offset(engine, "log-2") == 3, "the second topic is read")
    assert _count(engine) == 5


# The offset's write fails, and its reading does not: by database, how to break it and mend it.
BREAK = {
    "sqlite": (
        """CREATE TRIGGER broken BEFORE INSERT ON intake_offsets
        BEGIN SELECT RAISE(ABORT, 'broken'); END""",
        "DROP TRIGGER broken",
    ),
    "postgresql": (
        'ALTER TABLE intake_offsets ADD CONSTRAINT broken CHECK ("offset" < 0)',
        "ALTER TABLE intake_offsets DROP CONSTRAINT broken",
    ),
}


def test_rows_and_offset_are_kept_together_or_not_at_all(engine: Engine) -> None:
    """When the offset cannot be stored, the rows are not kept either, and both come later."""
    breaks, mends = BREAK[engine.dialect.name]
    with engine.begin() as connection:
        connection.exec_driver_sql(breaks)
    log = Log(values=[alert_message(n) for n in range(3)])
    with working(_intake(engine, log).attempt) as worker:
        eventually(lambda: log.opened > 2, "it is tried again")
        eventually(lambda: worker.state == "down", "it says that it is down")
        assert _count(engine) == 0
        with engine.begin() as connection:
            connection.exec_driver_sql(mends)
        eventually(lambda: _offset(engine) == 3, "the batch is stored")
    assert _count(engine) == 3


def test_a_row_that_the_database_refuses_does_not_stop_the_others(engine: Engine) -> None:
    """Where one alert of a batch breaks a rule of the database, the rest are stored."""
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE UNIQUE INDEX no_two ON alerts (entity)")
    clash = alert_message(3)
    records = [Record(0, n, alert_message(n)) for n in range(3)] + [Record(0, 3, clash)]
    taken = store(engine, TOPIC, DETECTOR, records, NOW, model=DefaultProfile())
    assert (taken.stored, taken.known + taken.refused) == (3, 1)
    assert _offset(engine) == 4


def test_two_intakes_at_once_store_each_alert_once(engine: Engine) -> None:
    """Two processes that read the same topic do the work twice and store it once."""
    log = Log(values=[alert_message(n) for n in range(40)])
    with working(_intake(engine, log).attempt), working(_intake(engine, log).attempt):
        eventually(lambda: _offset(engine) == 40, "all is read")
    assert _count(engine) == 40


def test_samples_and_messages_name_the_same_alerts() -> None:
    """The tests' two ways to an alert agree on its id."""
    assert new_alert(1).topic_id == EVENTS_TOPIC_ID
