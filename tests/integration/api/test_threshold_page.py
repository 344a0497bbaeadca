"""The threshold's page as a browser without JavaScript sees it."""

import re
from datetime import timedelta
from html import unescape

import httpx
import pytest

from feedback_api.access.roles import Role
from floodline.configuration.threshold_section import ThresholdSection
from floodline.detection.threshold_rule import ThresholdRule
from floodline.storage.alerts import Kind
from tests.integration.api.application import Api, problem
from tests.integration.api.reviews import COUNT, RATE, release, review
from tests.integration.storage.samples import NOW, new_alert, store

HTML = {"Accept": "text/html"}
PATH = "/threshold"


def _page(api: Api, key: str, path: str = PATH) -> str:
    answer = api.get(path, key, headers=HTML)
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def _form(api: Api, key: str, path: str, **fields: str) -> httpx.Response:
    return api.post(f"{PATH}{path}", key, data=fields, headers=HTML)


def test_the_page_tells_what_the_api_tells(api: Api) -> None:
    """Score, release, intervals, policy, the next move and the releases stand on the page."""
    review(api)
    release(api, 1, 0.9)
    key = api.key("vera", Role.VIEWER)
    page = _page(api, key)
    told = api.get("/api/v1/threshold", key).json()
    precision = told["outlook"]["precision"]
    for shown in (
        "Threshold 0.900000",
        "Release 1 by trainer, 2026-11-19 12:00:00 : moved to 0.9",
        f"{precision['value']:.1%} {precision['lower']:.1%} to {precision['upper']:.1%}",
        (
            "With 90% intervals, by 80 answered events; "
            "answers taken as right: 0 of 20 second opinions."
        ),
        "At least 80% of the alerts real (as configured) .",
        told["aim"]["reason"],
        "Your role (viewer) reads",
    ):
        assert shown in page
    raw = api.get(PATH, key, headers=HTML).text
    assert 'action="/threshold/' not in raw
    assert '<a href="/threshold">Threshold</a>' in api.get("/", key, headers=HTML).text


def test_a_drift_of_the_scores_is_told(api: Api) -> None:
    """Newer samples score higher than older ones: page and API say what that changes."""
    review(api)
    release(api, 1, 0.9)
    newer = {"kind": Kind.SAMPLE, "probability": RATE, "score": 0.89}
    store(
        api.engine,
        *(
            new_alert(COUNT + number, received_at=NOW - timedelta(minutes=8 * number), **newer)
            for number in range(60)
        ),
    )
    key = api.key("vera", Role.VIEWER)
    drift = api.get("/api/v1/threshold", key).json()["outlook"]["drift"]
    assert drift["a_day"] > 0
    assert drift["half_life_hours"] > 0
    told = "second opinions; scores drift up, so false alarms count half after "
    assert told + f"{drift['half_life_hours']:.2g} hours." in _page(api, key)


def test_nothing_is_claimed_before_any_event(lite: Api) -> None:
    """Under a rarity rule without events there is no score, and no trial."""
    rare = Api(lite.engine, initial_rule=ThresholdRule(rarity=0.001))
    page = _page(rare, rare.key("erin", Role.ENGINEER), f"{PATH}?to=0.9&hours=24")
    assert "Threshold unknown" in page
    assert "provisional" in page
    assert "1 in 1,000" in page
    assert "nothing can be said of what it gives" in page
    assert "There was no alert and no sample in that time" in page


def test_a_threshold_is_tried_and_then_moved_to(api: Api) -> None:
    """The trial shows what is lost; the form beside it makes the move, which then waits."""
    review(api)
    release(api, 1, 0.9)
    key = api.key("erin", Role.ENGINEER)
    page = _page(api, key, f"{PATH}?to=0.93&hours=720")
    assert "Then: 0.930000" in page
    assert "Alerts lost: 15 0 real, 15 false, 0 without an answer" in page
    assert "Move to 0.930000" in page
    answer = _form(api, key, "/moves", threshold="0.93", base_release="1", reason="too many")
    assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    page = _page(api, key)
    assert "0.930000 approved too many manual, by erin" in page
    (move,) = api.get("/api/v1/threshold/moves", key).json()["items"]
    answer = _form(api, key, f"/moves/{move['id']}/decisions", decision="withdraw")
    assert answer.status_code == 303
    assert "too many" not in _page(api, key)


def test_another_engineer_decides_on_the_page(api: Api) -> None:
    """The maker sees no button to approve; another engineer does."""
    strict = Api(api.engine, threshold=ThresholdSection(second_person=True))
    erin, omar = strict.key("erin", Role.ENGINEER), strict.key("omar", Role.ENGINEER)
    for reason in ("first", "second"):
        _form(strict, erin, "/moves", threshold="0.93", base_release="0", reason=reason)
    assert "Approve" not in _page(strict, erin)
    assert _page(strict, omar).count("Approve Reject") == 2
    items = strict.get("/api/v1/threshold/moves", omar).json()["items"]
    for move, decision in zip(items, ("approve", "reject"), strict=True):
        path = f"/moves/{move['id']}/decisions"
        assert _form(strict, omar, path, decision=decision).status_code == 303
    listed = strict.get("/api/v1/threshold/moves", omar).json()["items"]
    assert sorted(each["state"] for each in listed) == ["approved", "rejected"]
    path = f"/moves/{items[0]['id']}/decisions"
    assert _form(strict, omar, path, decision="bless").status_code == 422


def test_freeze_unfreeze_and_undo(api: Api) -> None:
    """A frozen threshold shows who stopped it and offers nothing but to let it go."""
    release(api, 1, 0.95)
    key = api.key("erin", Role.ENGINEER)
    _form(api, key, "/freeze", reason="audit week")
    page = _page(api, key, f"{PATH}?to=0.93")
    assert "Frozen by erin since 2026-11-22 12:00:00 : audit week" in page
    assert "Undo release" not in page
    assert "Move to" not in page
    refused = _form(api, key, "/undo", reason="too quiet", base_release="1")
    assert refused.status_code == 409
    assert "frozen by erin" in refused.text
    assert _form(api, key, "/unfreeze").status_code == 303
    assert "Undo release 1" in _page(api, key)
    assert _form(api, key, "/undo", reason="too quiet", base_release="1").status_code == 303
    assert "0.900000 approved undoes release 1: too quiet" in _page(api, key)


def test_after_a_retrain_the_page_says_why_it_is_empty(api: Api) -> None:
    """Which release retrained, that labels before count no more, how many are needed; no undo."""
    review(api)
    release(api, 1, 0.9)
    key = api.key("erin", Role.ENGINEER)
    assert "began anew" not in _page(api, key)
    assert "No undo: the threshold before release 1 is the one in force." in _page(api, key)
    release(api, 2, 0.95, kind="retrain", at=NOW)
    page = _page(api, key)
    assert "began anew with release 2 by trainer, 2026-11-22 12:00:00 : it brought a" in page
    assert "count no more for the threshold; lessons and retrains still use them." in page
    assert "0 labels count since; labels move the threshold again from 30 on." in page
    assert "Undo release" not in page
    assert "No undo: release 2 came with a retrained model" in page
    assert "Move the threshold to a score instead." in page
    api.call("PUT", "/api/v1/threshold/policy", key=key, json={"type": "fixed"})
    assert "0 labels count since." in _page(api, key)
    release(api, 3, 0.96, at=NOW)
    page = _page(api, key)
    assert "began anew with release 2" in page
    assert "Undo release 3" in page


def test_an_undo_that_would_change_nothing_is_not_offered(lite: Api) -> None:
    """A first release that repeats the configured threshold leaves nothing to go back to."""
    release(lite, 1, 0.9)
    page = _page(lite, lite.key("erin", Role.ENGINEER))
    assert "Undo release" not in page
    assert "No undo: the threshold before release 1 is the one in force." in page


def test_segments_stand_on_the_page(api: Api) -> None:
    """Each entity's alerts, labels and precision as the API tells them; without entities none."""
    key = api.key("vera", Role.VIEWER)
    store(api.engine, new_alert(900, entity=None, score=0.95, received_at=NOW))
    assert "Segments" not in _page(api, key)
    review(api)
    store(api.engine, *(new_alert(n, entity=f"pump-{n}", received_at=NOW) for n in range(700, 709)))
    told = api.get("/api/v1/threshold/segments", key).json()
    page = _page(api, key)
    assert f"Segments 13 Alerts by entity, most first: {told['reason']}." in page
    first, precision = told["segments"][0], told["segments"][0]["precision"]
    assert (
        f"{first['entity']} {first['alerts']} {first['answers']} {precision['value']:.1%} "
        f"{precision['lower']:.1%} to {precision['upper']:.1%} {first['borrowed']:.0%}"
    ) in page
    assert "pump-708" not in page
    assert "Show all 13" in page
    page = _page(api, key, f"{PATH}?segments=13")
    assert "pump-708" in page
    assert "none named 1 0" in page
    assert "Show all" not in page
    assert api.get(f"{PATH}?segments=201", key, headers=HTML).status_code == 422


@pytest.mark.parametrize(
    ("form", "policy"),
    [
        ({"type": "precision", "at_least": "92.3"}, {"type": "precision", "at_least": 0.923}),
        (
            {"type": "budget", "per_hour": "4.5", "precision": "70"},
            {"type": "budget", "per_hour": 4.5, "precision": 0.7},
        ),
        (
            {"type": "cost", "miss": "50", "false_alarm": "1"},
            {"type": "cost", "miss": 50, "false_alarm": 1},
        ),
        ({"type": "fixed"}, {"type": "fixed"}),
    ],
)
def test_the_policy_is_changed_on_the_page(
    api: Api, form: dict[str, str], policy: dict[str, object]
) -> None:
    """Shares are typed in percent; the page names who set it and offers the configured one."""
    key = api.key("erin", Role.ENGINEER)
    assert "Back to the configured policy" not in _page(api, key)
    answer = _form(api, key, "/policy", **form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}#policy-title")
    assert api.get("/api/v1/threshold", key).json()["policy"]["policy"] == policy
    page = _page(api, key)
    assert "(set by erin, 2026-11-22 12:00:00 )" in page
    assert "As configured: at least 80% of the alerts real" in page
    raw = api.get(PATH, key, headers=HTML).text
    for name, value in form.items():
        assert f'name="{name}"' in raw
        assert f'value="{value}"' in raw
    assert _form(api, key, "/policy/configured").status_code == 303
    assert api.get("/api/v1/threshold", key).json()["policy"]["configured"]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"type": "precision", "at_least": "100"}, "less than 100"),
        ({"type": "precision"}, "At_least: Field required"),
        ({"type": "budget", "per_hour": "-1", "precision": "80"}, "Per_hour: Input should be gr"),
        ({"type": "fixed", "at_least": "80"}, "At_least: Extra inputs"),
        ({"type": "none"}, "Type: "),
    ],
)
def test_a_form_that_tells_no_policy_is_refused(lite: Api, form: dict[str, str], told: str) -> None:
    """What is wrong is named, and the policy stays."""
    key = lite.key("erin", Role.ENGINEER)
    answer = _form(lite, key, "/policy", **form)
    assert answer.status_code == 422
    assert told in unescape(answer.text)
    assert lite.get("/api/v1/threshold", key).json()["policy"]["configured"]


def test_the_page_says_when_a_changed_policy_counts(lite: Api) -> None:
    """At once; where a second person must consent, or the threshold is frozen, after that."""
    key = lite.key("erin", Role.ENGINEER)
    assert "within seconds, without the cool-down." in _page(lite, key)
    assert "Change the policy" not in _page(lite, lite.key("alice"))
    strict = Api(lite.engine, threshold=ThresholdSection(second_person=True))
    _form(strict, key, "/freeze", reason="audit week")
    page = _page(strict, key)
    assert "counts once the threshold is unfrozen: the trainer then moves" in page
    assert "once another engineer has approved that move." in page


@pytest.mark.parametrize("path", [f"{PATH}?to=2", f"{PATH}?to=0.9&hours=0", f"{PATH}?to=high"])
def test_a_trial_of_nonsense_is_refused(lite: Api, path: str) -> None:
    """An address that asks for no threshold or no time is an error, told on a page."""
    answer = lite.get(path, lite.key("vera", Role.VIEWER), headers=HTML)
    assert answer.status_code == 422
    assert "Back to the queue" in answer.text


def test_forms_need_an_engineer(lite: Api) -> None:
    """An analyst who sends a form by hand is refused."""
    key = lite.key("alice")
    forms = {
        "/moves": {"threshold": "0.93", "reason": "x"},
        "/undo": {"reason": "x"},
        "/freeze": {"reason": "x"},
        "/unfreeze": {},
        "/moves/x/decisions": {"decision": "approve"},
        "/policy": {"type": "fixed"},
        "/policy/configured": {},
    }
    for path, fields in forms.items():
        problem(lite.post(f"{PATH}{path}", key, data=fields), 403, "forbidden")


def test_the_queue_leaves_room_for_the_receipt(lite: Api) -> None:
    """After a decision the notice names the receipt's address; without scripts it is hidden."""
    (one, _) = store(lite.engine, new_alert(1), new_alert(2))
    key = lite.key("alice")
    assert "data-receipt" not in lite.get("/", key, headers=HTML).text
    lite.post(f"/alerts/{one}/decisions", key, data={"decision": "confirmed"}, headers=HTML)
    page = lite.get(f"/?done={one}", key, headers=HTML).text
    assert f'data-receipt="/api/v1/alerts/{one}/receipt" hidden' in page
