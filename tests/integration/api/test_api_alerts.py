"""GET /api/v1/alerts and /api/v1/alerts/{id}."""

import base64
import json
from datetime import timedelta
from urllib.parse import quote

import numpy as np
import pytest
from sqlalchemy import event

from floodline.detection.threshold_rule import ThresholdRule
from floodline.storage.alerts import Kind
from tests.integration.api.application import Api, problem
from tests.integration.api.reviews import release
from tests.integration.storage.samples import EXPLANATION, NOW, new_alert, store


def _ids(api: Api, key: str, query: str) -> list[str]:
    answer = api.get(f"/api/v1/alerts{query}", key)
    assert answer.status_code == 200, answer.text
    return [item["id"].rpartition("-")[2] for item in answer.json()["items"]]


def test_an_alert_is_shown_as_it_was_stored(api: Api) -> None:
    """The detail carries every value, times in RFC 3339 UTC, and the whole event."""
    key = api.key("alice")
    (wanted,) = store(api.engine, new_alert(7, explanation=EXPLANATION))
    shown = api.get(f"/api/v1/alerts/{wanted}", key).json()
    assert shown == {
        "id": wanted,
        "kind": "alert",
        "probability": 1.0,
        "detector": "shuttle",
        "coordinates": {
            "topic": "shuttle.events",
            "topic_id": "AAAAAAAAQACAAAAAAAAAAQ",
            "partition": 0,
            "offset": 7,
        },
        "event_at": "2026-11-22T11:59:00Z",
        "received_at": "2026-11-22T12:00:07Z",
        "key": "key-7",
        "entity": "unit-1",
        "score": 0.9 + 7 / 10_000,
        "rarity": 1 / 1007,
        "one_in": 1007,
        "threshold": 0.9,
        "provisional": False,
        "release": 0,
        "features": {"a": 7.0, "b": -1.5},
        "event": {"a": 7, "b": -1.5, "note": "über"},
        "explanation": EXPLANATION | {"usual": None, "lesson": 0.0, "excess": ""},
        "verdict": None,
        "labelled_at": None,
        "muted_by": None,
    }
    listed = api.get("/api/v1/alerts", key).json()["items"]
    del shown["event"], shown["explanation"]
    assert listed == [shown]


def test_an_alert_under_a_rarity_is_provisional(api: Api) -> None:
    """By its release; before any by the configured rule; null under one that is not known."""
    by_rarity = Api(api.engine, initial_rule=ThresholdRule(rarity=0.001))
    release(api, 1, None, kind="sampling")
    release(api, 2, 0.9)
    rows = [new_alert(number, release=number) for number in range(4)]
    store(api.engine, *rows)
    key = api.key("alice")
    for each, first in ((api, False), (by_rarity, True)):
        items = each.get("/api/v1/alerts", key).json()["items"]
        told = {item["release"]: item["provisional"] for item in items}
        assert told == {0: first, 1: True, 2: False, 3: None}
        for row in rows:
            shown = each.get(f"/api/v1/alerts/{quote(row.id, safe='')}", key).json()
            assert shown["provisional"] == told[row.release]


def test_a_page_asks_for_its_releases_once(lite: Api) -> None:
    """However many alerts and releases a page has, one query reads the releases."""
    for number in range(1, 6):
        release(lite, number, 0.9)
    store(lite.engine, *(new_alert(number, release=number % 6) for number in range(30)))
    key, asked = lite.key("alice"), list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(lite.engine, "before_cursor_execute", note)
    assert len(lite.get("/api/v1/alerts", key).json()["items"]) == 30
    assert sum("FROM releases" in each for each in asked) == 1


def test_samples_are_asked_for_by_name(api: Api) -> None:
    """A list has alerts alone unless it says so; a sample carries its probability."""
    key = api.key("alice")
    sample = new_alert(3, score=0.2, kind=Kind.SAMPLE, probability=0.01)
    store(api.engine, new_alert(1), new_alert(2), sample)
    assert _ids(api, key, "") == ["2", "1"]
    assert _ids(api, key, "?kind=sample") == ["3"]
    assert _ids(api, key, "?kind=any") == ["2", "1", "3"]
    shown = api.get(f"/api/v1/alerts/{sample.id}", key).json()
    assert (shown["kind"], shown["probability"]) == ("sample", 0.01)
    refused = api.get("/api/v1/alerts?kind=other", key)
    assert refused.status_code == 422


def test_a_random_order_has_nothing_to_do_with_the_score(api: Api) -> None:
    """It is the same at every look, so that its pages do not slip."""
    key = api.key("alice")
    store(api.engine, *(new_alert(n) for n in range(60)))
    orders = [_ids(api, key, "?order=random&limit=60") for _ in range(2)]
    assert orders[0] == orders[1]
    places = [int(each) for each in orders[0]]
    assert sorted(places) == list(range(60))
    assert abs(np.corrcoef(places, range(60))[0, 1]) < 0.4


def test_an_alert_without_its_event_is_shown(api: Api) -> None:
    """An event that was too large for the message is null, and the page says where it is."""
    key = api.key("alice")
    (wanted,) = store(api.engine, new_alert(7, event=None))
    assert api.get(f"/api/v1/alerts/{wanted}", key).json()["event"] is None
    page = api.get(f"/?at={wanted}", key, headers={"Accept": "text/html"})
    assert "Too large for an alert" in page.text


@pytest.mark.parametrize("order", ["score", "newest"])
def test_pages_follow_the_cursor_to_the_end(api: Api, order: str) -> None:
    """Following next_cursor shows every alert once, in order, and ends with null."""
    key = api.key("alice")
    store(api.engine, *(new_alert(n) for n in range(5)))
    seen: list[int] = []
    cursor: str | None = None
    for _ in range(10):
        more = f"&cursor={quote(cursor)}" if cursor else ""
        page = api.get(f"/api/v1/alerts?limit=2&order={order}{more}", key).json()
        seen += [item["coordinates"]["offset"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [4, 3, 2, 1, 0]


def test_a_page_that_ends_the_list_has_no_cursor(lite: Api) -> None:
    """A last page that is exactly full does not promise another."""
    key = lite.key("alice")
    store(lite.engine, new_alert(1), new_alert(2))
    assert lite.get("/api/v1/alerts?limit=2", key).json()["next_cursor"] is None


def test_filters(api: Api) -> None:
    """Filters of the address leave what they say."""
    key = api.key("alice")
    store(api.engine, *(new_alert(n, release=n % 2) for n in range(4)))
    labelled = new_alert(3).id
    api.post(f"/api/v1/alerts/{labelled}/labels", key, json={"verdict": "confirmed"})
    since = quote((NOW + timedelta(seconds=2)).isoformat())
    assert _ids(api, key, "?unlabelled=true") == ["2", "1", "0"]
    assert _ids(api, key, "?verdict=confirmed") == ["3"]
    assert _ids(api, key, "?release=0") == ["2", "0"]
    assert _ids(api, key, "?entity=unit-0") == ["3", "0"]
    assert _ids(api, key, "?min_score=0.9002") == ["3", "2"]
    assert _ids(api, key, f"?since={since}") == ["3", "2"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?verdict=evil", "verdict"),
        ("?verdict=confirmed&unlabelled=true", "unlabelled"),
        ("?limit=0", "limit"),
        ("?limit=201", "limit"),
        ("?min_score=nan", "min_score"),
        ("?min_score=2", "min_score"),
        ("?since=2026-11-22T12:00:00", "since"),
        ("?release=99999999999", "release"),
        ("?entity=%00", "entity"),
        ("?order=luck", "order"),
        ("?kind=luck", "kind"),
        ("?unlabeled=true", "unlabeled"),
        ("?cursor=xx", "cursor"),
        ("?cursor=%00", "cursor"),
        ("?cursor=WyJuZXdlc3QiLDAuNSwieCJd", "cursor"),
        ("?cursor=WyJzY29yZSIsTmFOLCJ4Il0", "cursor"),
    ],
)
def test_a_query_that_cannot_be_used_is_refused(lite: Api, query: str, pointer: str) -> None:
    """A wrong, misspelt or contradictory parameter is 422 and named: never a different list."""
    told = problem(lite.get(f"/api/v1/alerts{query}", lite.key("alice")), 422, "invalid-request")
    assert told["errors"][0]["pointer"] == pointer


def test_an_unknown_verdict_in_a_query_lists_those_allowed(lite: Api) -> None:
    """The allowed verdicts come with the refusal."""
    answer = lite.get("/api/v1/alerts?verdict=evil", lite.key("alice"))
    assert "false_alarm" in problem(answer, 422, "invalid-request")["errors"][0]["allowed"]


@pytest.mark.parametrize(
    "alert_id", ["shuttle-x-0-1", "%00", "a%20b", "x" * 301, quote("ü", safe="")]
)
def test_an_unknown_alert_is_not_found(api: Api, alert_id: str) -> None:
    """Whatever an id looks like, one that is not there is 404."""
    key = api.key("alice")
    problem(api.get(f"/api/v1/alerts/{alert_id}", key), 404, "not-found")
    problem(api.get(f"/api/v1/alerts/{alert_id}/labels", key), 404, "not-found")


def test_a_float_survives_the_way(lite: Api) -> None:
    """A score is the same number in the answer, to the bit."""
    (wanted,) = store(lite.engine, new_alert(1, score=0.1 + 0.2))
    answer = lite.get(f"/api/v1/alerts/{wanted}", lite.key("alice"))
    assert json.loads(answer.text)["score"] == 0.1 + 0.2


def test_the_description_lists_the_routes(lite: Api) -> None:
    """The OpenAPI description is served to users and names every JSON route."""
    paths = lite.get("/api/v1/openapi.json", lite.key("alice")).json()["paths"]
    assert set(paths) == {
        "/api/v1/alerts",
        "/api/v1/alerts/{alert_id}",
        "/api/v1/alerts/{alert_id}/labels",
        "/api/v1/alerts/{alert_id}/receipt",
        "/api/v1/alerts/{alert_id}/lessons",
        "/api/v1/alerts/{alert_id}/alike",
        "/api/v1/teaching",
        "/api/v1/teaching/off",
        "/api/v1/threshold",
        "/api/v1/threshold/segments",
        "/api/v1/threshold/preview",
        "/api/v1/threshold/moves",
        "/api/v1/threshold/moves/{move_id}/approve",
        "/api/v1/threshold/moves/{move_id}/reject",
        "/api/v1/threshold/moves/{move_id}/withdraw",
        "/api/v1/threshold/undo",
        "/api/v1/threshold/policy",
        "/api/v1/threshold/freeze",
        "/api/v1/scoring",
        "/api/v1/second-opinions",
        "/api/v1/verdicts",
        "/api/v1/me",
    }


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_that_utc_cannot_tell_is_422(lite: Api, since: str) -> None:
    """A time before the year 1 or after the year 9999 in UTC is refused."""
    answer = lite.get(f"/api/v1/alerts?since={since}", lite.key("alice"))
    assert problem(answer, 422, "invalid-request")["errors"][0]["pointer"] == "since"


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ("score", '["score",0.5,"\\ud800"]'),
        ("newest", '["newest","0001-01-01T00:00:00+23:59","a"]'),
        ("score", "x" * 1_001),
    ],
)
def test_a_made_up_cursor_is_422(api: Api, order: str, told: str) -> None:
    """What no database could be asked for is refused, by the API and by the queue page."""
    cursor = base64.urlsafe_b64encode(told.encode()).rstrip(b"=").decode()
    for path in ("/api/v1/alerts", "/"):
        answer = api.get(f"{path}?order={order}&cursor={cursor}", api.key("alice"))
        problem(answer, 422, "invalid-request")
