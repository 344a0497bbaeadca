"""GET /api/v1/threshold, previews and receipts."""

import pytest

from feedback_api.access.roles import Role
from floodline.configuration.threshold_section import ThresholdSection
from floodline.detection.threshold_rule import ThresholdRule
from tests.integration.api.application import Api, problem
from tests.integration.api.reviews import release, review, reviewed_events
from tests.integration.storage.samples import NOW, new_alert, store

PATH = "/api/v1/threshold"


def test_before_any_release_the_configured_rule_is_told(api: Api) -> None:
    """Without releases and labels the rule is the configured one, and nothing is claimed."""
    told = api.get(PATH, api.key("vera", Role.VIEWER)).json()
    assert told["rule"] == {"score": 0.9, "rarity": None}
    assert (told["release"], told["made_by"], told["provisional"]) == (0, None, False)
    assert told["policy"] == {
        "policy": {"type": "precision", "at_least": 0.8},
        "words": "at least 80% of the alerts real",
        "configured": True,
        "set_by": None,
        "set_at": None,
    }
    assert told["frozen"] is None
    assert told["outlook"]["precision"]["value"] is None
    assert told["aim"]["outcome"] == "held"
    assert told["aim"]["rails"] == ["min_labels"]
    assert told["waiting"] == {"proposed": 0, "approved": 0}


def test_a_rarity_rule_is_provisional(lite: Api) -> None:
    """Under a rarity rule there is no score to tell before any event, and the median later."""
    by_rarity = Api(lite.engine, initial_rule=ThresholdRule(rarity=0.001))
    key = by_rarity.key("vera", Role.VIEWER)
    told = by_rarity.get(PATH, key).json()
    assert (told["provisional"], told["threshold"], told["outlook"]) == (True, None, None)
    store(lite.engine, *(new_alert(n, threshold=0.8 + n / 100) for n in range(3)))
    assert by_rarity.get(PATH, key).json()["threshold"] == pytest.approx(0.81)


def test_labels_give_an_outlook_and_an_aim(api: Api) -> None:
    """Two thirds of the alerts are real: the precision says so, and the policy wants more."""
    review(api)
    release(api, 1, 0.9)
    told = api.get(PATH, api.key("vera", Role.VIEWER)).json()
    assert (told["release"], told["made_by"], told["reason"]) == (1, "trainer", "moved to 0.9")
    outlook = told["outlook"]
    precision, recall = outlook["precision"], outlook["recall"]
    assert outlook["answers"] == 80
    assert outlook["confidence"] == 0.9
    assert precision["lower"] < precision["value"] < precision["upper"] < 0.9
    assert 0.5 < precision["value"] < 0.8
    assert recall["value"] == 1
    assert recall["lower"] < 1
    assert told["aim"]["score"] > 0.9
    assert told["watch"] is not None


def test_the_promise_is_watched_on_what_came_since(api: Api) -> None:
    """Alerts under the release are looked at alone; a fixed threshold promises nothing."""
    review(api)
    release(api, 1, 0.9)
    late = [new_alert(n, score=0.95, release=1, received_at=NOW) for n in range(500, 540)]
    store(api.engine, *late)
    key = api.key("erin", Role.ENGINEER)
    for each in late:
        api.post(f"/api/v1/alerts/{each.id}/labels", key, json={"verdict": "false_alarm"})
    api.clock.move(hours=1)
    watch = api.get(PATH, key).json()["watch"]
    assert (watch["state"], watch["alerts"], watch["answers"]) == ("broken", 40, 40)
    assert watch["reason"]
    api.call("PUT", f"{PATH}/policy", key=key, json={"type": "fixed"})
    assert api.get(PATH, key).json()["watch"] is None


def test_a_preview_names_what_is_lost_and_gained(api: Api) -> None:
    """Up to .93 false alarms are lost, down to .85 the samples there come in, each for two."""
    review(api)
    release(api, 1, 0.9)
    key = api.key("vera", Role.VIEWER)
    told = api.post(f"{PATH}/preview", key, json={"threshold": 0.93}).json()
    lost = [each for each in reviewed_events() if 0.9 <= each.score < 0.93]
    assert told["gained"]["events"] == 0
    assert told["lost"]["events"] == told["lost"]["false"] == pytest.approx(len(lost))
    assert [each["id"] for each in told["lost"]["top"]] == [each.id for each in reversed(lost)]
    assert told["lost"]["top"][0]["verdict"] == "false_alarm"
    assert told["now"]["threshold"] == 0.9
    assert told["then"]["precision"]["value"] > told["now"]["precision"]["value"]
    assert told["alerts_a_day_then"] < told["alerts_a_day_now"]
    told = api.post(f"{PATH}/preview", key, json={"threshold": 0.85}).json()
    gained = [each for each in reviewed_events() if 0.85 <= each.score < 0.9]
    assert told["gained"]["events"] == pytest.approx(2 * len(gained))
    assert len(told["gained"]["top"]) == len(gained)


def test_a_preview_can_look_at_the_last_hours(lite: Api) -> None:
    """With `hours` older events are not looked at; where none is left, that is said."""
    review(lite)
    key = lite.key("vera", Role.VIEWER)
    whole = lite.post(f"{PATH}/preview", key, json={"threshold": 0.99}).json()
    late = lite.post(f"{PATH}/preview", key, json={"threshold": 0.99, "hours": 24}).json()
    assert 0 < late["lost"]["events"] < whole["lost"]["events"]
    lite.clock.move(hours=100)
    asked = {"threshold": 0.99, "hours": 1}
    problem(lite.post(f"{PATH}/preview", key, json=asked), 409, "conflict")
    release(lite, 7, 0.9, kind="retrain")
    refused = problem(lite.post(f"{PATH}/preview", key, json=asked), 409, "conflict")
    assert "no sample in that time under the model of release 7, so" in refused["detail"]


@pytest.mark.parametrize(
    "body", [{"threshold": 1.5}, {"threshold": "high"}, {}, {"threshold": 0.9, "hours": 0}]
)
def test_a_preview_of_nonsense_is_refused(lite: Api, body: dict[str, object]) -> None:
    """A threshold lies in [0, 1], and hours are a positive number."""
    key = lite.key("vera", Role.VIEWER)
    problem(lite.post(f"{PATH}/preview", key, json=body), 422, "invalid-request")


def test_a_receipt_tells_what_an_answer_changed(api: Api) -> None:
    """One false alarm lowers the precision; the receipt holds both sides and one sentence."""
    review(api)
    (fresh,) = store(api.engine, new_alert(900, score=0.95, received_at=NOW))
    key = api.key("alice")
    path = f"/api/v1/alerts/{fresh}/receipt"
    told = api.get(path, key).json()
    assert (told["answers"], told["moves"]) == (0, False)
    assert told["text"] == "Nobody has answered this event, so it changes nothing."
    api.post(f"/api/v1/alerts/{fresh}/labels", key, json={"verdict": "false_alarm"})
    told = api.get(path, key).json()
    assert told["answers"] == 1
    without, now = told["without"]["outlook"], told["now"]["outlook"]
    assert now["precision"]["value"] < without["precision"]["value"]
    assert now["answers"] == without["answers"] + 1
    assert told["text"].startswith("With this answer the precision at 0.9000 goes from")


def test_a_receipt_says_why_an_answer_changes_nothing(lite: Api) -> None:
    """Unsure counts for nothing; an event of an earlier model or of long ago is not looked at."""
    (one, old) = store(
        lite.engine,
        new_alert(1, received_at=NOW),
        new_alert(2, received_at=NOW.replace(year=2025)),
    )
    key = lite.key("alice")
    for each, verdict in ((one, "unsure"), (old, "confirmed")):
        lite.post(f"/api/v1/alerts/{each}/labels", key, json={"verdict": verdict})
    said = {each: lite.get(f"/api/v1/alerts/{each}/receipt", key).json() for each in (one, old)}
    assert "unsure, which says neither real nor false" in said[one]["text"]
    assert "older than what estimates look at" in said[old]["text"]
    release(lite, 1, 0.9, kind="retrain")
    lite.post(f"/api/v1/alerts/{one}/labels", key, json={"verdict": "confirmed"})
    told = lite.get(f"/api/v1/alerts/{one}/receipt", key).json()
    assert "An earlier model scored this event" in told["text"]
    problem(lite.get("/api/v1/alerts/nothing/receipt", key), 404, "not-found")


def test_a_retrained_model_lets_the_evidence_begin_anew(api: Api) -> None:
    """Who retrained and when, that labels before count no more, and how many are needed."""
    review(api)
    key = api.key("alice")
    assert api.get(PATH, key).json()["new_model"] is None
    release(api, 1, 0.9, kind="retrain", at=NOW)
    told = api.get(PATH, key).json()
    anew = told["new_model"]
    assert (anew["release"], anew["made_by"]) == (1, "trainer")
    assert anew["made_at"] == told["made_at"]
    assert (anew["labels"], anew["needed"], told["outlook"]["answers"]) == (0, 30, 0)
    assert "count no more for the threshold; 0 labels count since, of the 30" in anew["text"]
    late = [new_alert(n, score=0.95, release=1, received_at=NOW) for n in range(500, 530)]
    for number, each in enumerate(store(api.engine, *late), start=1):
        api.post(f"/api/v1/alerts/{each}/labels", key, json={"verdict": "confirmed"})
        if number == 1:
            assert "1 label counts since, of the" in api.get(PATH, key).json()["new_model"]["text"]
    release(api, 2, 0.92, at=NOW)
    anew = api.get(PATH, key).json()["new_model"]
    assert (anew["release"], anew["labels"]) == (1, 30)
    assert anew["text"].endswith("30 labels count since")


def test_guard_rails_are_named(lite: Api) -> None:
    """What keeps the threshold from its policy's aim is told by name."""
    bounded = Api(lite.engine, threshold=ThresholdSection(largest_step=0.01, smallest_step=0))
    review(bounded)
    release(bounded, 1, 0.9)
    aim = bounded.get(PATH, bounded.key("vera", Role.VIEWER)).json()["aim"]
    assert aim["outcome"] == "moved"
    assert aim["rails"] == ["largest_step"]
    assert 0.9 < aim["threshold"] < aim["score"]
