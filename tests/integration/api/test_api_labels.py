"""POST and GET /api/v1/alerts/{id}/labels."""

import asyncio
from typing import Any

import httpx
import pytest

from feedback_api.access.roles import Role
from floodline.events.messages import LabelMessage, decode
from floodline.feedback.verdicts import ON_ALERTS
from floodline.storage import outbox
from floodline.storage.engine import transaction
from tests.integration.api.application import Api, problem
from tests.integration.storage.samples import new_alert, store


def _path(alert_id: str) -> str:
    return f"/api/v1/alerts/{alert_id}/labels"


@pytest.fixture
def alert_id(api: Api) -> str:
    """The id of a stored alert."""
    return store(api.engine, new_alert(1))[0]


def _published(api: Api) -> list[LabelMessage]:
    with transaction(api.engine) as session:
        rows = outbox.waiting(session, "label", 100)
    assert all(row.topic == "shuttle.labels" for row in rows)
    return [decode(row.value, LabelMessage) for row in rows]


def test_a_label_is_stored_shown_and_published(api: Api, alert_id: str) -> None:
    """A label is 201, is the alert's verdict at once, and waits in the outbox."""
    key = api.key("alice")
    body = {"verdict": "known_issue", "reason": " pump 3 ", "note": "ticket 17"}
    api.clock.move(seconds=91)
    answer = api.post(_path(alert_id), key, json=body)
    assert answer.status_code == 201
    label = answer.json()
    assert label == {
        "id": "id-001",
        "alert_id": alert_id,
        "verdict": "known_issue",
        "reason": "pump 3",
        "note": "ticket 17",
        "analyst": "alice",
        "created_at": "2026-11-22T12:01:31Z",
        "supersedes": None,
        "current": True,
    }
    assert api.get(_path(alert_id), key).json() == {"items": [label]}
    alert = api.get(f"/api/v1/alerts/{alert_id}", key).json()
    assert (alert["verdict"], alert["labelled_at"]) == ("known_issue", label["created_at"])
    (message,) = _published(api)
    assert message == LabelMessage(
        id="id-001",
        alert_id=alert_id,
        detector="shuttle",
        verdict="known_issue",
        reason="pump 3",
        note="ticket 17",
        analyst="alice",
        created_at="2026-11-22T12:01:31Z",
        supersedes=None,
        score=alert["score"],
        release=0,
    )
    assert api.woken == 1
    assert api.sample("floodline_labels_total", detector="shuttle", verdict="known_issue") == 1
    assert api.sample("floodline_alert_to_label_seconds_sum", detector="shuttle") == 90


def test_a_repeated_label_is_not_stored_twice(api: Api, alert_id: str) -> None:
    """The same label again is 200 with the first one, stored once, published once, counted once."""
    key = api.key("alice")
    first = api.post(_path(alert_id), key, json={"verdict": "confirmed"})
    again = api.post(_path(alert_id), key, json={"verdict": "confirmed", "note": "  "})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert len(_published(api)) == 1
    assert api.sample("floodline_labels_total", detector="shuttle", verdict="confirmed") == 1


def test_a_correction_supersedes(api: Api, alert_id: str) -> None:
    """A later label of the same analyst is current, names the older, and both stay."""
    key = api.key("alice")
    api.post(_path(alert_id), key, json={"verdict": "confirmed"})
    api.clock.move(seconds=1)
    later = api.post(_path(alert_id), key, json={"verdict": "false_alarm"})
    assert later.status_code == 201
    items = api.get(_path(alert_id), key).json()["items"]
    assert [(each["verdict"], each["current"]) for each in items] == [
        ("confirmed", False),
        ("false_alarm", True),
    ]
    assert [message.supersedes for message in _published(api)] == [None, "id-001"]


def test_analysts_are_who_holds_the_key(api: Api, alert_id: str) -> None:
    """Two keys' labels stand side by side under their owners' names."""
    api.post(_path(alert_id), api.key("alice"), json={"verdict": "confirmed"})
    api.clock.move(seconds=1)
    api.post(_path(alert_id), api.key("bob"), json={"verdict": "unsure"})
    items = api.get(_path(alert_id), api.key("carol", Role.VIEWER)).json()["items"]
    assert [(each["analyst"], each["current"]) for each in items] == [
        ("alice", True),
        ("bob", True),
    ]


@pytest.mark.parametrize("verdict", ["evil", "missed", "", "Confirmed", "x" * 10_000])
def test_an_unknown_verdict_is_refused_with_the_allowed_ones(
    api: Api, alert_id: str, verdict: str
) -> None:
    """A verdict that an alert cannot get is 422, lists the allowed ones, and stores nothing."""
    key = api.key("alice")
    answer = api.post(_path(alert_id), key, json={"verdict": verdict})
    fault = problem(answer, 422, "invalid-request")["errors"][0]
    assert fault["pointer"] == "/verdict"
    assert fault["allowed"] == [str(each) for each in ON_ALERTS]
    assert api.get(_path(alert_id), key).json() == {"items": []}


@pytest.mark.parametrize("verdict", ["confirmed", "evil"])
def test_a_label_for_an_unknown_alert_is_not_found(api: Api, verdict: str) -> None:
    """There is nothing to label: 404, and nothing is published."""
    answer = api.post(_path("shuttle-x-0-1"), api.key("alice"), json={"verdict": verdict})
    problem(answer, 404, "not-found")
    assert _published(api) == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"verdict": "confirmed", "analyst": "bob"}, "/analyst"),
        ({"verdict": "confirmed", "note": "a\x00b"}, "/note"),
        ({"verdict": "confirmed", "note": "x" * 2001}, "/note"),
        ({"verdict": "confirmed", "reason": "x" * 201}, "/reason"),
        ({"verdict": None}, "/verdict"),
        ({}, "/verdict"),
        ([], ""),
    ],
)
def test_a_body_that_cannot_be_used_is_refused(
    api: Api, alert_id: str, body: Any, pointer: str
) -> None:
    """Unknown fields, the analyst's name among them, and unusable text are 422 and pointed at."""
    answer = api.post(_path(alert_id), api.key("alice"), json=body)
    assert problem(answer, 422, "invalid-request")["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"verdict": NaN}',
        b'{"verdict": "confirmed", "note": "\\ud800"}',
        b'{"verdict": "confirmed", "note": "\\u0000"}',
        b"\xff\xfe",
        b"[" * 20_000,
    ],
)
def test_hostile_bytes_are_refused(api: Api, alert_id: str, body: bytes) -> None:
    """What is no JSON, or no text that can be kept, is a 4xx problem."""
    answer = api.post(
        _path(alert_id),
        api.key("alice"),
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_form_or_plain_text_cannot_label_through_the_api(lite: Api) -> None:
    """Only JSON is read, so that another site's plain form cannot label."""
    (wanted,) = store(lite.engine, new_alert(1))
    answer = lite.post(
        _path(wanted),
        lite.key("alice"),
        content=b'{"verdict": "confirmed"}',
        headers={"Content-Type": "text/plain"},
    )
    problem(answer, 422, "invalid-request")


def test_a_viewer_may_not_label(api: Api, alert_id: str) -> None:
    """Labels need the role analyst."""
    answer = api.post(_path(alert_id), api.key("eve", Role.VIEWER), json={"verdict": "confirmed"})
    assert "analyst" in problem(answer, 403, "forbidden")["detail"]


def test_an_idempotency_key_replays_the_first_answer(api: Api, alert_id: str) -> None:
    """The same key and body get the first answer again, marked, even after a correction."""
    key = api.key("alice")
    headers = {"Idempotency-Key": "try-1"}
    first = api.post(_path(alert_id), key, json={"verdict": "confirmed"}, headers=headers)
    api.post(_path(alert_id), key, json={"verdict": "unsure"})
    again = api.post(_path(alert_id), key, json={"verdict": "confirmed"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(_published(api)) == 2


def test_an_idempotency_key_holds_for_one_request(api: Api, alert_id: str) -> None:
    """The key with another body or alert is 422; another user's key of that name is another."""
    key = api.key("alice")
    (other,) = store(api.engine, new_alert(2))
    headers = {"Idempotency-Key": "try-1"}
    api.post(_path(alert_id), key, json={"verdict": "confirmed"}, headers=headers)
    for path, verdict in ((_path(alert_id), "unsure"), (_path(other), "confirmed")):
        answer = api.post(path, key, json={"verdict": verdict}, headers=headers)
        fault = problem(answer, 422, "invalid-request")["errors"][0]
        assert fault["pointer"] == "Idempotency-Key"
    bobs = api.post(_path(other), api.key("bob"), json={"verdict": "unsure"}, headers=headers)
    assert bobs.status_code == 201


def test_a_refused_request_leaves_its_idempotency_key_free(api: Api, alert_id: str) -> None:
    """What was not done is not replayed."""
    key = api.key("alice")
    headers = {"Idempotency-Key": "try-1"}
    refused = api.post(_path(alert_id), key, json={"verdict": "evil"}, headers=headers)
    done = api.post(_path(alert_id), key, json={"verdict": "confirmed"}, headers=headers)
    assert (refused.status_code, done.status_code) == (422, 201)


@pytest.mark.parametrize("given", ["", "a b", "x" * 256])
def test_a_malformed_idempotency_key_is_refused(api: Api, alert_id: str, given: str) -> None:
    """A key that is empty, has blanks or is too long is 422."""
    answer = api.post(
        _path(alert_id),
        api.key("alice"),
        json={"verdict": "confirmed"},
        headers={"Idempotency-Key": given},
    )
    problem(answer, 422, "invalid-request")


def test_the_same_request_many_times_at_once_is_done_once(api: Api, alert_id: str) -> None:
    """Racing repeats under one key store one label and all get its answer."""
    headers = {"Authorization": f"Bearer {api.key('alice')}", "Idempotency-Key": "race"}

    async def race() -> list[httpx.Response]:
        transport = httpx.ASGITransport(api.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            calls = [
                client.post(_path(alert_id), json={"verdict": "confirmed"}, headers=headers)
                for _ in range(6)
            ]
            return list(await asyncio.gather(*calls))

    answers = asyncio.run(race())
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    assert len(_published(api)) == 1


def test_the_verdicts_are_told_with_their_meaning(lite: Api) -> None:
    """Each verdict that an alert can get comes with its meaning and what it counts as."""
    items = lite.get("/api/v1/verdicts", lite.key("eve", Role.VIEWER)).json()["items"]
    assert [each["verdict"] for each in items] == [str(each) for each in ON_ALERTS]
    assert items[0] == {
        "verdict": "confirmed",
        "meaning": "real, act on it",
        "counts_as": True,
    }


def test_me(lite: Api) -> None:
    """A caller learns who they are."""
    assert lite.get("/api/v1/me", lite.key("alice")).json() == {
        "name": "alice",
        "role": "analyst",
        "shown_by": "key",
    }
