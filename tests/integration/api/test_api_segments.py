"""GET /api/v1/threshold/segments."""

import pytest

from feedback_api.access.roles import Role
from floodline.detection.threshold_rule import ThresholdRule
from tests.integration.api.application import Api, problem
from tests.integration.api.reviews import release, review, reviewed_events
from tests.integration.storage.samples import DETECTOR, NOW, new_alert, store

PATH = "/api/v1/threshold/segments"


def test_each_entity_has_its_precision(api: Api) -> None:
    """Alerts, answers, an estimate in its interval, how much is borrowed; most alerts first."""
    review(api)
    release(api, 1, 0.9)
    told = api.get(PATH, api.key("vera", Role.VIEWER)).json()
    assert (told["detector"], told["threshold"], told["confidence"]) == (DETECTOR, 0.9, 0.9)
    counts = {
        f"unit-{unit}": sum(
            each.entity == f"unit-{unit}" and each.score >= 0.9 for each in reviewed_events()
        )
        for unit in range(3)
    }
    found = {each["entity"]: each for each in told["segments"]}
    assert {entity: each["alerts"] for entity, each in found.items()} == counts
    assert {entity: each["answers"] for entity, each in found.items()} == counts
    assert [each["alerts"] for each in told["segments"]] == sorted(counts.values(), reverse=True)
    assert (told["total"], told["alike"]) == (3, True)
    assert "do not tell the 3 segments apart" in told["reason"]
    for each in told["segments"]:
        precision = each["precision"]
        assert precision["lower"] < precision["value"] < precision["upper"]
        assert 0 < each["borrowed"] < 1


def test_few_are_shown_and_all_are_counted(lite: Api) -> None:
    """`limit` cuts the list, not what is learned; entities that are not named come as null."""
    review(lite)
    store(lite.engine, new_alert(900, entity=None, score=0.95, received_at=NOW))
    key = lite.key("vera", Role.VIEWER)
    whole = lite.get(PATH, key).json()
    assert whole["segments"][-1]["entity"] is None
    assert (whole["segments"][-1]["alerts"], whole["segments"][-1]["answers"]) == (1, 0)
    some = lite.get(PATH, key, params={"limit": 2}).json()
    assert (some["total"], some["segments"]) == (4, whole["segments"][:2])


def test_what_is_not_known_is_said(lite: Api) -> None:
    """Before any alert, without an entity, and without an answer no number is made up."""
    key = lite.key("vera", Role.VIEWER)
    told = lite.get(PATH, key).json()
    assert (told["segments"], told["reason"]) == ([], "there are no alerts at this threshold")
    by_rarity = Api(lite.engine, initial_rule=ThresholdRule(rarity=0.001))
    assert by_rarity.get(PATH, key).json()["threshold"] is None
    store(lite.engine, *(new_alert(n, entity=None) for n in range(3)))
    told = lite.get(PATH, key).json()
    assert (told["segments"], told["total"], told["alike"]) == ([], 0, None)
    assert "set detector.entity" in told["reason"]
    store(lite.engine, *(new_alert(n) for n in range(10, 13)))
    told = lite.get(PATH, key).json()
    assert told["reason"] == "no alert has an answer: nothing is known of any segment"
    assert told["alike"] is None
    for each in told["segments"]:
        assert each["precision"] == {"value": None, "lower": None, "upper": None}
        assert (each["answers"], each["borrowed"]) == (0, None)


@pytest.mark.parametrize("asked", [{"limit": 0}, {"limit": 201}, {"most": 3}])
def test_only_what_is_known_can_be_asked_for(lite: Api, asked: dict[str, int]) -> None:
    """1 to 200 segments, and nothing but `limit`."""
    problem(lite.get(PATH, lite.key("vera", Role.VIEWER), params=asked), 422, "invalid-request")
