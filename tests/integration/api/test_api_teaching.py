"""The switch for lessons, and what they came to."""

import pytest
from sqlalchemy import select

from feedback_api.access.roles import Role
from floodline.configuration.feedback_section import FeedbackSection
from floodline.detection.parameters import RiverProfile
from floodline.storage import controls
from floodline.storage.engine import transaction
from floodline.storage.tables import AuditRow
from tests.integration.api.application import Api, problem
from tests.integration.api.lessons import TREES, retrain, teach
from tests.integration.storage.samples import DETECTOR, NOW

PATH = "/api/v1/teaching"


def test_labels_teach_until_somebody_stops_it(api: Api) -> None:
    """Off with who, when and why, in the controls and the audit log; on again leaves nothing."""
    key = api.key("erin", Role.ENGINEER)
    before = api.get(PATH, key).json()
    assert (before["on"], before["off"], before["taught"]) == (True, None, None)
    answer = api.call("PUT", f"{PATH}/off", key=key, json={"reason": "labels of the drill"})
    assert answer.status_code == 200
    stopped = {"by": "erin", "at": "2026-11-22T12:00:00Z", "reason": "labels of the drill"}
    assert answer.json() == stopped
    told = api.get(PATH, api.key("vera", Role.VIEWER)).json()
    assert (told["on"], told["off"]) == (False, stopped)
    with transaction(api.engine) as session:
        found = controls.get(session, DETECTOR)
    assert (found.teaching_off_at, found.teaching_off_by) == (NOW, "erin")
    assert found.teaching_off
    assert not found.frozen
    for _ in range(2):
        assert api.call("DELETE", f"{PATH}/off", key=key).status_code == 204
    assert api.get(PATH, key).json() == before
    with transaction(api.engine) as session:
        rows = list(session.scalars(select(AuditRow).where(AuditRow.actor == "erin")))
        done = [(row.action, row.subject, row.detail) for row in rows]
    assert done == [
        ("stop_teaching", f"{DETECTOR}/teaching", {"reason": "labels of the drill"}),
        (
            "resume_teaching",
            f"{DETECTOR}/teaching",
            {"stopped_by": "erin", "reason": "labels of the drill"},
        ),
    ]


def test_a_stop_is_not_taken_over(api: Api) -> None:
    """The same stop again is the same; another's is a conflict that names the first."""
    erin, omar = api.key("erin", Role.ENGINEER), api.key("omar", Role.ENGINEER)
    for _ in range(2):
        answer = api.call("PUT", f"{PATH}/off", key=erin, json={"reason": "drill"})
        assert answer.status_code == 200
    refused = api.call("PUT", f"{PATH}/off", key=omar, json={"reason": "drill"})
    assert "erin has stopped it already: drill" in problem(refused, 409, "conflict")["detail"]


@pytest.mark.parametrize("body", [{}, {"reason": "  "}, {"reason": "x" * 201}, {"why": "x"}])
def test_a_stop_says_why(lite: Api, body: dict[str, str]) -> None:
    """A stop without a reason, or with one that cannot be kept, is refused."""
    key = lite.key("erin", Role.ENGINEER)
    problem(lite.call("PUT", f"{PATH}/off", key=key, json=body), 422, "invalid-request")


def test_only_engineers_switch(lite: Api) -> None:
    """An analyst reads, and is refused the switch."""
    key = lite.key("alice")
    assert lite.get(PATH, key).status_code == 200
    body = {"reason": "no"}
    problem(lite.call("PUT", f"{PATH}/off", key=key, json=body), 403, "forbidden")
    problem(lite.call("DELETE", f"{PATH}/off", key=key), 403, "forbidden")


def test_the_newest_lessons_figures_are_told(api: Api) -> None:
    """Labels, share, agreement and the largest lesson are those of the newest such release."""
    key = api.key("vera", Role.VIEWER)
    teach(api.engine, 1)
    teach(api.engine, 2, labels=3, share=0.5, agreement=None)
    assert api.get(PATH, key).json()["taught"] == {
        "release": 2,
        "made_at": "2026-11-22T12:00:00Z",
        "reason": "2 labels teach",
        "labels": 3,
        "share": 0.5,
        "agreement": None,
        "largest": 4.5,
    }


def test_some_detectors_learn_nothing(lite: Api) -> None:
    """Where the configuration says so, or the model has no such leaves: not on, and it is said."""
    key = lite.key("vera", Role.VIEWER)
    told = Api(lite.engine, feedback=FeedbackSection(teach=False)).get(PATH, key).json()
    assert (told["on"], told["configured"], told["teachable"]) == (False, False, True)
    river = Api(lite.engine, model=RiverProfile())
    told = river.get(PATH, key).json()
    assert (told["on"], told["configured"], told["teachable"]) == (False, True, False)
    retrain(lite.engine, 1, TREES)
    assert river.get(PATH, key).json()["on"] is True
