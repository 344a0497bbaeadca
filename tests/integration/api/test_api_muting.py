"""A known issue mutes what is alike, until another verdict closes it."""

import base64
import json

import numpy as np
import pytest
from sqlalchemy import Engine

from feedback_api.intake.storing import Topic, store
from feedback_api.ports import Record
from floodline.storage.alerts import Kind
from tests.integration.api.application import Api
from tests.integration.api.lessons import (
    FAR,
    HERE,
    NEAR,
    TREES,
    alert_at,
    explained,
    retrain,
    taught_api,
)
from tests.integration.api.test_api_lessons import OTHER_TREES
from tests.integration.intake.messages import alert_message
from tests.integration.storage import samples
from tests.integration.storage.samples import DETECTOR, NOW

TOPIC = Topic("shuttle.alerts", "log-1", Kind.ALERT)
HTML = {"Accept": "text/html"}


@pytest.fixture
def taught(engine: Engine) -> Api:
    """The application over a detector with a small forest."""
    return taught_api(engine)


def _label(api: Api, key: str, alert_id: str, verdict: str) -> None:
    api.clock.move(seconds=1)
    answer = api.post(f"/api/v1/alerts/{alert_id}/labels", key, json={"verdict": verdict})
    assert answer.status_code == 201, answer.text


def _muted(api: Api, key: str) -> dict[str, str]:
    items = api.get("/api/v1/alerts?muted=true&kind=any", key).json()["items"]
    return {each["id"]: each["muted_by"] for each in items}


def test_a_known_issue_mutes_what_waits_and_is_alike(taught: Api) -> None:
    """Alike alerts leave the queue, not those with a verdict, samples or others; then come back."""
    key = taught.key("alice")
    issue, near, far, done, sample = samples.store(
        taught.engine,
        alert_at(1, HERE),
        alert_at(2, NEAR),
        alert_at(3, FAR),
        alert_at(4, HERE),
        alert_at(5, HERE, kind=Kind.SAMPLE, probability=0.5),
    )
    _label(taught, key, done, "confirmed")
    _label(taught, key, issue, "known_issue")
    assert _muted(taught, key) == {near: issue}
    waiting = taught.get("/api/v1/alerts?muted=false&unlabelled=true&kind=any", key).json()
    assert {each["id"] for each in waiting["items"]} == {far, sample}
    assert len(taught.get("/api/v1/alerts", key).json()["items"]) == 4
    _label(taught, key, issue, "confirmed")
    assert _muted(taught, key) == {}


def test_what_another_issue_is_alike_stays_muted(taught: Api) -> None:
    """Closing one issue leaves an alert with the other one that it is alike."""
    key = taught.key("alice")
    one, two, near = samples.store(
        taught.engine, alert_at(1, HERE), alert_at(2, NEAR), alert_at(3, NEAR)
    )
    _label(taught, key, one, "known_issue")
    _label(taught, key, two, "known_issue")
    assert _muted(taught, key) == {two: one, near: one}
    _label(taught, key, one, "false_alarm")
    assert _muted(taught, key) == {near: two}


def test_a_planned_alert_mutes_nothing(taught: Api) -> None:
    """Only a known issue does."""
    key = taught.key("alice")
    one, _ = samples.store(taught.engine, alert_at(1), alert_at(2))
    for verdict in ("planned", "confirmed", "new_normal"):
        _label(taught, key, one, verdict)
        assert _muted(taught, key) == {}


def _come_in(engine: Engine, *offsets: int, kind: Kind = Kind.ALERT, release: int = 0) -> None:
    records = []
    for place, offset in enumerate(offsets):
        message = json.loads(alert_message(offset))
        message["release"] = release
        message["explanation"] = explained(HERE)
        if kind is Kind.SAMPLE:
            message["probability"] = 0.5
        records.append(Record(0, place, json.dumps(message).encode()))
    topic = Topic(TOPIC.name, f"log-{kind}-{release}", kind)
    taken = store(engine, topic, DETECTOR, records, NOW, model=TREES)
    assert taken.stored == len(offsets)


def test_what_comes_in_alike_an_issue_is_muted(taught: Api) -> None:
    """From the known issue on new alerts are muted as they come, samples never."""
    key = taught.key("alice")
    (issue,) = samples.store(taught.engine, alert_at(1, HERE))
    _come_in(taught.engine, 10)
    assert _muted(taught, key) == {}
    _label(taught, key, issue, "known_issue")
    assert len(_muted(taught, key)) == 1
    _come_in(taught.engine, 11, 12)
    _come_in(taught.engine, 13, kind=Kind.SAMPLE)
    assert set(_muted(taught, key).values()) == {issue}
    assert len(_muted(taught, key)) == 3
    retrain(taught.engine, 1, OTHER_TREES)
    _come_in(taught.engine, 14, release=1)
    assert len(_muted(taught, key)) == 3


def test_the_queue_shows_muted_alerts_apart(taught: Api) -> None:
    """The queue lists the others; a link leads to the muted ones, and a note says why."""
    key = taught.key("alice")
    issue, near, far = samples.store(
        taught.engine, alert_at(1, HERE), alert_at(2, NEAR), alert_at(3, FAR)
    )
    decided = taught.post(
        f"/alerts/{issue}/decisions",
        key,
        data={"decision": "known_issue"},
        headers=HTML,
    )
    page = taught.get(decided.headers["location"], key, headers=HTML).text
    assert "1 alike alert is muted until another verdict closes the issue." in page
    assert near not in page
    assert far in page
    assert 'href="/?muted=true">Muted' in page
    page = taught.get("/?muted=true", key, headers=HTML).text
    assert far not in page
    assert f'Muted: alike <a href="/?at={issue}">a known issue</a>' in page
    assert "Queue, muted" in page
    page = taught.get(f"/?at={issue}", key, headers=HTML).text
    assert "it mutes" in page
    decided = taught.post(
        f"/alerts/{near}/decisions", key, data={"decision": "confirmed", "muted": "true"}
    )
    assert "muted=true" in decided.headers["location"]
    page = taught.get(decided.headers["location"], key, headers=HTML).text
    assert "No known issue mutes an alert that waits." in page


def test_the_leaves_of_the_tests_are_what_messages_carry() -> None:
    """The small forest's leaves are told as alerts tell theirs."""
    told = base64.b64decode(explained(NEAR)["leaves"])
    assert np.frombuffer(told, "<u2").tolist() == list(NEAR)
