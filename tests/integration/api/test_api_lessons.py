"""Which labels moved an alert, what is alike, and what a decision teaches."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import numpy as np
import pytest
from sqlalchemy import Engine

from feedback_api.access.roles import Role
from floodline.configuration.feedback_section import FeedbackSection
from floodline.detection.parameters import DefaultProfile
from floodline.detection.remembering_forest import RememberingForest
from floodline.feedback.lessons import Teaching
from floodline.feedback.lessons import taught as taught_by
from floodline.storage import lesson_rows
from floodline.storage.alerts import Kind, NewAlert
from floodline.storage.engine import transaction
from tests.integration.api.application import Api, problem
from tests.integration.api.lessons import (
    FAINT,
    FAR,
    HERE,
    LATER,
    NEAR,
    TREES,
    alert_at,
    explained,
    label,
    retrain,
    taught_api,
    teach,
)
from tests.integration.storage.samples import DETECTOR, NOW, new_alert, store

LIKE = 16.1 / (16.1 + 0.1 + 0.1 + 1.1)
"""How alike FAINT is to HERE: by the first of four trees, which found it odd by 4 bits."""
MORE_LIKE = (16.1 + 0.1 + 0.1) / (16.1 + 0.1 + 0.1 + 1.1)
"""How alike NEAR is to HERE: by all but the last of the trees."""
OTHER_TREES = DefaultProfile(trees=4, height=3, seed=7)


@pytest.fixture
def taught(engine: Engine) -> Api:
    """The application over a detector with a small forest."""
    return taught_api(engine)


def _path(alert_id: str, what: str) -> str:
    return f"/api/v1/alerts/{alert_id}/{what}"


def test_an_alert_names_the_labels_that_moved_it(taught: Api) -> None:
    """The effects, likeness times step, are those of the labels as they stood at its release."""
    events = store(
        taught.engine, *(alert_at(n, FAINT) for n in (1, 2)), *(alert_at(n, HERE) for n in (3, 4))
    )
    given = [
        label(
            taught.engine,
            id,
            "confirmed" if n < 2 else "false_alarm",
            "rita" if n % 2 == 0 else "omar",
            NOW + timedelta(seconds=n),
        )
        for n, id in enumerate(events)
    ]
    teach(taught.engine, 1, at=LATER)
    label(taught.engine, events[0], "false_alarm", "rita", LATER + timedelta(seconds=1))
    with transaction(taught.engine) as session:
        ledger = lesson_rows.recent(session, DETECTOR, now=LATER, since_release=0, until=LATER)
    steps = dict(zip(given, taught_by(ledger.lessons, 3, Teaching()).steps, strict=True))
    (seen,) = store(taught.engine, alert_at(9, HERE, lesson=-1.5, release=1, score=0.995))
    told = taught.get(_path(seen, "lessons"), taught.key("omar")).json()
    found = {each["label_id"]: each for each in told["items"]}
    assert set(found) == set(given)
    for id, likeness in zip(given, (LIKE, LIKE, 1.0, 1.0), strict=True):
        assert found[id]["likeness"] == pytest.approx(likeness)
        assert found[id]["effect"] == pytest.approx(steps[id] * likeness)
    assert [found[id]["text"] for id in given] == [
        "raised by rita's confirmation of unit-1",
        "raised by your confirmation of unit-2",
        "lowered by rita's rejection of unit-0",
        "lowered by your rejection of unit-1",
    ]
    sizes = [abs(each["effect"]) for each in told["items"]]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(each["share"] for each in told["items"]) == pytest.approx(1.0)
    assert (told["published"], told["total"], told["usual"]) == (-1.5, 9.0, 2.0)
    assert (told["release"], told["labels"]) == (1, 4)
    assert told["rest"] == {"labels": 0, "effect": pytest.approx(0.0), "share": 0.0}


def _forest() -> tuple[RememberingForest, list[NewAlert]]:
    """A forest that has seen a stream, and alerts on events that stand out in two directions."""
    draw = np.random.default_rng(7)
    forest = RememberingForest(DefaultProfile(), ("a", "b"))
    forest.score_learn_many(draw.normal(size=(1_000, 2)))
    places = (
        draw.normal((4.0, 0.0), 0.3, size=(12, 2)) * np.where(np.arange(12) % 2, 1, -1)[:, None]
    )
    return forest, [_alert_of(forest, n, place) for n, place in enumerate(places)]


def _alert_of(forest: RememberingForest, offset: int, place: Any, release: int = 0) -> NewAlert:
    told = json.loads(msgspec.json.encode(forest.explain(place[np.newaxis, :])))
    (score,) = forest.score_many(place[np.newaxis, :]).tolist()
    return new_alert(offset, explanation=told, score=score, release=release)


def test_the_lines_add_up_to_what_a_forest_published(engine: Engine) -> None:
    """Of a forest with the labels' own weights: the effects sum to the lesson it published with."""
    api = Api(engine)
    forest, seen = _forest()
    for n, id in enumerate(store(engine, *seen)):
        at = NOW + timedelta(seconds=n)
        label(engine, id, "false_alarm" if n % 2 else "confirmed", f"analyst-{n % 3}", at)
    with transaction(engine) as session:
        ledger = lesson_rows.recent(session, DETECTOR, now=LATER, since_release=0)
    forest.teach(taught_by(ledger.lessons, 8, Teaching()).table)
    teach(engine, 1, at=LATER)
    places = (np.array([4.1, 0.1]), np.array([-3.9, 0.1]))
    new = [_alert_of(forest, 100 + n, place, 1) for n, place in enumerate(places)]
    key = api.key("vera", Role.VIEWER)
    for id, way in zip(store(engine, *new), ("lowered", "raised"), strict=True):
        told = api.get(f"{_path(id, 'lessons')}?limit=3", key).json()
        assert abs(told["published"]) > 1.0
        added = sum(each["effect"] for each in told["items"]) + told["rest"]["effect"]
        assert added == pytest.approx(told["published"], abs=1e-4)
        assert told["untold"] == pytest.approx(0.0, abs=1e-4)
        assert {each["text"].split()[0] for each in told["items"]} == {way}
        assert abs(told["published"]) - abs(told["effect"]) >= -1e-9


def test_the_rest_is_summed(taught: Api) -> None:
    """With a limit the largest effects are told one by one, the others together."""
    events = store(taught.engine, *(alert_at(n, HERE) for n in range(4)))
    for second, each in enumerate(events):
        label(taught.engine, each, "confirmed", at=NOW + timedelta(seconds=second))
    teach(taught.engine, 1, at=LATER)
    (seen,) = store(taught.engine, alert_at(9, NEAR, lesson=3.0, release=1))
    key = taught.key("vera", Role.VIEWER)
    whole = taught.get(_path(seen, "lessons"), key).json()
    assert [each["alert_id"] for each in whole["items"]] == events
    told = taught.get(f"{_path(seen, 'lessons')}?limit=1", key).json()
    assert told["items"] == whole["items"][:1]
    assert told["rest"]["labels"] == 3
    effect = sum(each["effect"] for each in whole["items"][1:])
    assert told["rest"]["effect"] == pytest.approx(effect)
    assert told["rest"]["share"] == pytest.approx(1 - whole["items"][0]["share"])
    problem(taught.get(f"{_path(seen, 'lessons')}?most=1", key), 422, "invalid-request")


def test_without_a_lesson_nothing_is_said(taught: Api) -> None:
    """An alert that labels did not move, or that says nothing of itself, has no lines."""
    key = taught.key("vera", Role.VIEWER)
    plain, bare = store(taught.engine, alert_at(1), new_alert(2))
    label(taught.engine, plain, "confirmed")
    told = taught.get(_path(plain, "lessons"), key).json()
    assert (told["published"], told["effect"], told["items"]) == (0.0, 0.0, [])
    assert (told["release"], told["total"]) == (None, 9.0)
    told = taught.get(_path(bare, "lessons"), key).json()
    assert (told["published"], told["total"], told["items"]) == (0.0, None, [])
    problem(taught.get(_path("nothing", "lessons"), key), 404, "not-found")


def test_labels_that_are_not_here_are_not_made_up(taught: Api) -> None:
    """A lesson whose labels this database does not have is shown without lines, and says so."""
    teach(taught.engine, 1)
    (seen,) = store(taught.engine, alert_at(1, lesson=3.0, release=1))
    key = taught.key("vera", Role.VIEWER)
    told = taught.get(_path(seen, "lessons"), key).json()
    assert (told["published"], told["effect"], told["items"]) == (3.0, 3.0, [])
    assert (told["release"], told["rest"]) == (1, {"labels": 0, "effect": 0.0, "share": 0.0})
    assert told["untold"] == 3.0
    page = taught.get(f"/alerts/{seen}/related?part=true", key, headers={"Accept": "text/html"})
    assert "cannot be told one by one" in page.text
    assert "<html" not in page.text


def test_a_rejection_shows_as_far_as_it_went(taught: Api) -> None:
    """The published score tells what came of a lesson that the floor held."""
    score = 2**2.35 / (1 + 2**2.35)
    one, other = store(
        taught.engine,
        alert_at(1, lesson=-20.0, release=1, score=score),
        alert_at(2, lesson=4.0, release=1),
    )
    key = taught.key("vera", Role.VIEWER)
    assert taught.get(_path(one, "lessons"), key).json()["effect"] == pytest.approx(2.35 - 9)
    assert taught.get(_path(other, "lessons"), key).json()["effect"] == 4.0


def test_alike_alerts_come_nearest_first(taught: Api) -> None:
    """With likeness, verdict and kind; what shares no region is left out, and the alert itself."""
    here, near, sample = store(
        taught.engine,
        alert_at(1, HERE),
        alert_at(2, NEAR),
        alert_at(4, HERE, kind=Kind.SAMPLE, probability=0.5, score=0.4),
    )
    store(taught.engine, alert_at(3, FAR), new_alert(5))
    label(taught.engine, near, "false_alarm")
    key = taught.key("vera", Role.VIEWER)
    told = taught.get(_path(here, "alike"), key).json()
    assert told["looked_at"] == 3
    found = [(each["id"], each["likeness"], each["verdict"]) for each in told["items"]]
    assert found == [
        (sample, pytest.approx(1.0), None),
        (near, pytest.approx(MORE_LIKE), "false_alarm"),
    ]
    assert (told["items"][0]["kind"], told["items"][0]["name"]) == ("sample", "unit-1")
    assert len(taught.get(f"{_path(here, 'alike')}?limit=1", key).json()["items"]) == 1
    problem(taught.get(f"{_path(here, 'alike')}?limit=101", key), 422, "invalid-request")


def test_alike_is_told_within_the_same_trees(taught: Api) -> None:
    """A retrained model of the same trees shares their leaves; one of others does not."""
    retrain(taught.engine, 5, TREES)
    retrain(taught.engine, 7, OTHER_TREES)
    retrain(taught.engine, 9, TREES)
    releases = (0, 4, 5, 6, 7, 8, 9)
    ids = store(taught.engine, *(alert_at(n, release=n) for n in releases))
    by_release = dict(zip(releases, ids, strict=True))
    key = taught.key("vera", Role.VIEWER)

    def alike(release: int) -> set[int]:
        items = taught.get(_path(by_release[release], "alike"), key).json()["items"]
        found = {each["id"] for each in items}
        return {number for number in releases if by_release[number] in found}

    assert alike(0) == {4, 5, 6}
    assert alike(6) == {0, 4, 5}
    assert alike(7) == {8}
    assert alike(9) == set()


def test_foreign_leaves_are_passed_over(taught: Api) -> None:
    """Leaves of other trees, or none at all, are compared with nothing."""
    key = taught.key("vera", Role.VIEWER)
    ids = store(
        taught.engine,
        alert_at(1, (0, 0, 0)),
        alert_at(2, (0, 0, 0, 8)),
        new_alert(3, explanation=explained() | {"leaves": "%"}),
        alert_at(4),
    )
    for each in ids:
        told = taught.get(_path(each, "alike"), key).json()
        assert (told["looked_at"], told["items"]) == (0, [])


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("confirmed", "Alike events will score higher within seconds."),
        ("false_alarm", "Alike events will score lower within seconds."),
        ("new_normal", "Alike events will score as usual within seconds."),
        ("planned", "Scores of alike events stay as they are."),
        ("unsure", "Scores of alike events stay as they are."),
    ],
)
def test_a_receipt_says_what_the_answer_teaches(taught: Api, verdict: str, words: str) -> None:
    """Before an answer nothing; then which way alike events go."""
    (id,) = store(taught.engine, alert_at(1))
    key = taught.key("alice")
    assert taught.get(_path(id, "receipt"), key).json()["lesson"] is None
    taught.post(_path(id, "labels"), key, json={"verdict": verdict})
    assert taught.get(_path(id, "receipt"), key).json()["lesson"] == words


def test_a_receipt_says_why_nothing_is_taught(taught: Api) -> None:
    """Stopped, contradicted, without leaves, or not configured; an earlier model is no reason."""
    one, bare = store(taught.engine, alert_at(1), new_alert(2))
    key, erin = taught.key("alice"), taught.key("erin", Role.ENGINEER)
    for each in (one, bare):
        taught.post(_path(each, "labels"), key, json={"verdict": "confirmed"})

    def said(id: str, api: Api = taught) -> str | None:
        lesson: str | None = api.get(_path(id, "receipt"), key).json()["lesson"]
        return lesson

    assert said(bare) == "It teaches nothing: this event does not say where in the forest it lies."
    held_back = (
        "It changes no score now: labels contradict each other, or scores foretell them better "
        "without what labels teach."
    )
    teach(taught.engine, 1, share=0.01)
    assert said(one) == held_back
    taught.call("PUT", "/api/v1/teaching/off", key=erin, json={"reason": "drill"})
    assert said(one) == "It teaches nothing now: erin stopped it."
    taught.call("DELETE", "/api/v1/teaching/off", key=erin)
    retrain(taught.engine, 2, OTHER_TREES)
    assert said(one) == held_back
    silent = taught_api(taught.engine, feedback=FeedbackSection(teach=False))
    assert said(one, silent) is None
