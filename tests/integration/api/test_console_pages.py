"""The console as a browser without JavaScript sees it: forms, addresses, redirects."""

import re
from html import unescape

import httpx
import pytest

from feedback_api.access.roles import Role
from floodline.detection.threshold_rule import ThresholdRule
from floodline.feedback.verdicts import ON_ALERTS
from floodline.storage.alerts import Kind
from tests.integration.api.application import Api
from tests.integration.storage.samples import EXPLANATION, new_alert, store

HTML = {"Accept": "text/html"}


def _page(api: Api, key: str, path: str = "/") -> str:
    answer = api.get(path, key, headers=HTML)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


def _focused(page: str) -> str:
    found = re.search(r'action="/alerts/([^"]+)/decisions"', page)
    assert found, page
    return found[1]


def _decide(api: Api, key: str, page: str, decision: str, **fields: str) -> httpx.Response:
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    given = {name: unescape(value) for name, value in hidden.items()}
    data = given | {"decision": decision, "note": ""} | fields
    path = f"/alerts/{_focused(page)}/decisions"
    return api.post(path, key, data=data, headers=HTML)


def _follow(api: Api, key: str, answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return _page(api, key, answer.headers["location"])


def test_the_queue_leads_with_the_highest_score(api: Api) -> None:
    """The highest unlabelled score is in focus, in full; the others are listed."""
    key = api.key("alice")
    store(api.engine, *(new_alert(n) for n in range(3)))
    page = _page(api, key)
    assert _focused(page) == new_alert(2).id
    assert "Queue (3)" in page
    for shown in ("1 in 1,002", "0.900200", "unit-2", "2026-11-22 11:59:00", "&#34;über&#34;"):
        assert shown in page
    assert page.index(new_alert(1).id) < page.index(new_alert(0).id)


def test_a_provisional_threshold_is_called_so(lite: Api) -> None:
    """Beside the threshold of an alert that was raised under a rarity, and of no other."""
    key, words = lite.key("alice"), "provisional: no label has set it yet"
    store(lite.engine, new_alert(1))
    assert words not in _page(lite, key)
    by_rarity = Api(lite.engine, initial_rule=ThresholdRule(rarity=0.001))
    assert words in _page(by_rarity, key)


def test_the_order_is_in_the_address(api: Api) -> None:
    """`?order=newest` shows what was taken in last, and stays through a decision."""
    key = api.key("alice")
    store(api.engine, new_alert(1, score=0.91), new_alert(2, score=0.90), new_alert(3, score=0.89))
    page = _page(api, key, "/?order=newest")
    assert _focused(page) == new_alert(3).id
    answer = _decide(api, key, page, "confirmed")
    assert "order=newest" in answer.headers["location"]
    assert _focused(_follow(api, key, answer)) == new_alert(2).id


def test_a_decision_is_stored_and_the_next_alert_comes(api: Api) -> None:
    """Confirm, reject and doubt each leave the queue at once and say what was done."""
    key = api.key("alice")
    store(api.engine, *(new_alert(n) for n in range(3)))
    page = _page(api, key)
    for decision, words in (
        ("confirmed", "confirmed"),
        ("false_alarm", "false alarm"),
        ("unsure", "unsure"),
    ):
        decided = new_alert({"confirmed": 2, "false_alarm": 1, "unsure": 0}[decision]).id
        assert _focused(page) == decided
        answer = _decide(api, key, page, decision)
        page = _page(api, key, answer.headers["location"])
        assert re.search(rf'role="status">\s*<span><span class="verdict {decision}">{words}<', page)
        verdict = api.get(f"/api/v1/alerts/{decided}", key).json()["verdict"]
        assert verdict == decision
    assert "Nothing waits for a verdict" in page


def test_another_verdict_with_a_note(api: Api) -> None:
    """Every verdict has a button of its own, with its meaning, and the note is kept."""
    key = api.key("alice")
    (wanted,) = store(api.engine, new_alert(1))
    page = _page(api, key)
    for verdict in ON_ALERTS:
        assert f'name="decision" value="{verdict}" data-key="' in page
        assert verdict.meaning in unescape(page)
    _decide(api, key, page, "planned", note="load <test>")
    (label,) = api.get(f"/api/v1/alerts/{wanted}/labels", key).json()["items"]
    assert (label["verdict"], label["note"]) == ("planned", "load <test>")
    assert "load &lt;test&gt;" in _page(api, key, f"/?at={wanted}")


def test_the_last_decision_can_be_changed(api: Api) -> None:
    """The notice leads back to the alert; the new verdict supersedes, and the queue goes on."""
    key = api.key("alice")
    store(api.engine, new_alert(1), new_alert(2))
    page = _follow(api, key, _decide(api, key, _page(api, key), "confirmed"))
    change = re.search(r'data-key="z" href="([^"]+)"', page)
    assert change
    api.clock.move(seconds=1)
    page = _page(api, key, unescape(change[1]))
    assert _focused(page) == new_alert(2).id
    assert "Now <span" in page
    page = _follow(api, key, _decide(api, key, page, "false_alarm"))
    assert _focused(page) == new_alert(1).id
    items = api.get(f"/api/v1/alerts/{new_alert(2).id}/labels", key).json()["items"]
    assert [each["verdict"] for each in items] == ["confirmed", "false_alarm"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"decision": "missed"}, "is no verdict on an alert"),
        ({"decision": "evil"}, "is no verdict on an alert"),
        ({"decision": "confirmed", "note": "x" * 2001}, "at most 2000 characters"),
        ({"decision": "confirmed", "note": "\x00"}, "U+0000"),
    ],
)
def test_a_form_that_cannot_be_used_is_told_on_a_page(
    lite: Api, fields: dict[str, str], told: str
) -> None:
    """What is wrong is said, and nothing is stored."""
    key = lite.key("alice")
    (wanted,) = store(lite.engine, new_alert(1))
    answer = _decide(lite, key, _page(lite, key), **fields)
    assert answer.status_code == 422
    assert told in answer.text
    assert lite.get(f"/api/v1/alerts/{wanted}/labels", key).json()["items"] == []


def test_a_viewer_sees_and_cannot_decide(api: Api) -> None:
    """A viewer's page has no buttons, and the form's address refuses them with a page."""
    key = api.key("eve", Role.VIEWER)
    (wanted,) = store(api.engine, new_alert(1))
    page = _page(api, key)
    assert "/decisions" not in page
    assert "labels need the role analyst" in page
    answer = api.post(
        f"/alerts/{wanted}/decisions", key, data={"decision": "confirmed"}, headers=HTML
    )
    assert answer.status_code == 403
    assert "Forbidden" in answer.text


def test_what_events_carry_is_never_markup(api: Api) -> None:
    """Names, keys, entities and events from the stream are shown as text."""
    bait = "<script>alert(1)</script>"
    key = api.key("alice")
    store(
        api.engine,
        new_alert(1, entity=bait, key=bait, features={bait: 1.0}, event={bait: bait}),
        new_alert(2, entity='"><img src=x>'),
    )
    page = _page(api, key, f"/?at={new_alert(1).id}")
    assert bait not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_an_explanation_is_told_in_words(lite: Api) -> None:
    """Missing values, new features, River's ranges, and what goes on behind the first eight."""
    contributions = [
        {"feature": f"f{n}", "value": 1.0, "low": 0.0, "high": 2.0, "contribution": 0.5 - n / 20}
        for n in range(11)
    ]
    contributions[1] |= {"value": None}
    contributions[2] |= {"low": None, "high": None}
    contributions[3] |= {"value": 1234567.8, "low": 2.0}
    key = lite.key("alice")
    told = {"unit": "score", "total": 0.99, "contributions": contributions, "leaves": ""}
    store(lite.engine, new_alert(1, explanation=told, features={"f1": 1.0, "z": 2.0}))
    page = _page(lite, key)
    for words in ("missing", "no usual range yet", "1,234,568", "so far 2)", "so far 0 to 2", "z"):
        assert words in page
    assert "Why 0.9900" in page
    assert "3 more" in page
    assert 'id="features-title"' in page


def test_pages_hold_no_inline_script_or_style(lite: Api) -> None:
    """The policy forbids them, so a page must not need them."""
    key = lite.key("alice")
    store(lite.engine, new_alert(1, explanation=EXPLANATION))
    for page in (_page(lite, key), lite.get("/login").text):
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
        assert re.findall(r"<script[^>]*>", page) == re.findall(r"<script src=[^>]*>", page)
        assert not re.search(r'(src|href|action)="(https?:)?//', page)


def test_an_alert_has_a_lasting_address(lite: Api) -> None:
    """/alerts/{id} leads to the alert in focus; an unknown one is a page with 404."""
    key = lite.key("alice")
    (wanted,) = store(lite.engine, new_alert(1))
    answer = lite.get(f"/alerts/{wanted}", key, headers=HTML)
    assert answer.headers["location"] == f"/?at={wanted}"
    assert lite.get("/?at=nothing", key, headers=HTML).status_code == 404


def test_a_long_queue_goes_on_behind_its_first_page(lite: Api) -> None:
    """More than fifty alerts are reached by the link below the list."""
    key = lite.key("alice")
    store(lite.engine, *(new_alert(n) for n in range(60)))
    page = _page(lite, key)
    more = re.search(r'class="button" href="(/\?cursor=[^"]+)"', page)
    assert more
    page = _page(lite, key, unescape(more[1]))
    assert _focused(page) == new_alert(9).id
    assert "cursor=" in _decide(lite, key, page, "unsure").headers["location"]


def _listed(page: str) -> list[str]:
    return re.findall(r'class="row" href="/\?[^"]*at=([^"&]+)', page)


def test_a_share_of_the_first_page_is_by_chance(api: Api) -> None:
    """Each tenth row is none of the highest: an alert from further down, or a sample."""
    key = api.key("alice")
    store(api.engine, *(new_alert(n) for n in range(90)))
    samples = [
        new_alert(n, score=0.1 + n / 1e4, kind=Kind.SAMPLE, probability=0.01)
        for n in range(100, 140)
    ]
    store(api.engine, *samples)
    listed = _listed(_page(api, key))
    assert len(listed) == len(set(listed)) == 55
    chance = listed[9::10]
    assert [each for each in listed if each not in chance] == [
        new_alert(n).id for n in range(89, 39, -1)
    ]
    assert {each.id for each in samples} & {*chance}


def test_who_decides_on_the_first_row_only_meets_one_by_chance(api: Api) -> None:
    """Of ten decisions from the top of the queue, one is on an alert or sample by chance."""
    key = api.key("alice")
    store(api.engine, *(new_alert(n) for n in range(90)))
    store(api.engine, *(new_alert(n, score=0.1, kind=Kind.SAMPLE) for n in range(100, 140)))
    highest = [new_alert(n).id for n in range(89, 59, -1)]
    page, by_chance = _page(api, key), 0
    for _ in range(20):
        by_chance += _focused(page) not in highest[:20]
        page = _follow(api, key, _decide(api, key, page, "unsure"))
    assert by_chance == 2


def test_a_short_queue_ends_with_samples(api: Api) -> None:
    """The highest score leads; a sample says what it is, and can be decided like an alert."""
    key = api.key("alice")
    sample = new_alert(7, score=0.2, kind=Kind.SAMPLE, probability=0.01)
    store(api.engine, new_alert(1), sample)
    page = _page(api, key)
    assert "Queue (1)" in page
    assert _listed(page) == [new_alert(1).id, sample.id]
    page = _page(api, key, f"/?at={sample.id}")
    assert "100</span> such events for each that is shown" in page
    answer = _decide(api, key, page, "false_alarm")
    assert _listed(_follow(api, key, answer)) == [new_alert(1).id]


def test_static_files_are_kept_by_browsers(lite: Api) -> None:
    """Styles and keys come with their types, and may be kept: their addresses change with them."""
    page = _page(lite, lite.key("alice"))
    for name, kind in (("console.css", "text/css"), ("keys.js", "text/javascript")):
        found = re.search(rf'"(/static/{name}\?v=\w+)"', page)
        assert found
        answer = lite.get(found[1])
        assert answer.headers["content-type"].startswith(kind)
        assert "max-age" in answer.headers["cache-control"]


def test_without_keys_the_sign_in_page_says_so(lite: Api) -> None:
    """With api.auth none nobody is asked for a key."""
    open_api = Api(lite.engine, auth="none")
    assert "asks for no key" in open_api.get("/login").text
    assert open_api.get("/", headers=HTML).status_code == 200
