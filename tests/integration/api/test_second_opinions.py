"""A few answered events are shown to another analyst, who does not see what was said."""

import re

from sqlalchemy import select

from feedback_api.access.roles import Role
from floodline.detection.threshold_rule import ThresholdRule
from floodline.feedback.answer_noise import ASKED_AGAIN
from floodline.storage import evidence_rows
from floodline.storage.alerts import Kind, shuffled
from floodline.storage.current_labels import current
from floodline.storage.engine import reading
from floodline.storage.tables import LabelRow, UserRow
from tests.integration.api.application import Api
from tests.integration.storage.samples import DETECTOR, NOW, new_alert, store

HTML = {"Accept": "text/html"}
DRAWN = next(n for n in range(1_000) if shuffled(new_alert(n).id) < ASKED_AGAIN)
OTHER = next(n for n in range(1_000) if shuffled(new_alert(n).id) > ASKED_AGAIN)


def _label(api: Api, key: str, alert_id: str, verdict: str) -> None:
    api.clock.move(seconds=1)
    answer = api.post(f"/api/v1/alerts/{alert_id}/labels", key, json={"verdict": verdict})
    assert answer.status_code == 201, answer.text


def _awaiting(api: Api, key: str) -> list[str]:
    answer = api.get("/api/v1/second-opinions", key)
    assert answer.status_code == 200, answer.text
    assert all(each["verdict"] is None for each in answer.json()["items"])
    return [each["id"] for each in answer.json()["items"]]


def _said(api: Api) -> dict[str, tuple[bool, int]]:
    """Of each analyst with an answer: whether it was a second opinion, and what it said."""
    with reading(api.engine) as session:
        answers = evidence_rows.recent(
            session,
            DETECTOR,
            now=api.clock(),
            hours=24,
            since_release=0,
            initial_rule=ThresholdRule(score=0.9),
            initial_sampling=None,
        ).answers
        names = session.scalars(
            select(UserRow.name)
            .join(LabelRow, LabelRow.analyst_id == UserRow.id)
            .where(current())
            .order_by(LabelRow.created_at, LabelRow.id)
        )
        told = zip(answers.blind.tolist(), answers.independent.tolist(), strict=True)
        return dict(zip(names, told, strict=True))


def _page(api: Api, key: str, path: str = "/") -> str:
    return api.get(path, key, headers=HTML).text


def test_a_share_by_chance_is_answered_twice(api: Api) -> None:
    """By someone else, once; told by the alert's id alone, not by what was said."""
    alice, bob, carol = (api.key(name) for name in ("alice", "bob", "carol"))
    drawn, other = store(api.engine, *(new_alert(n, received_at=NOW) for n in (DRAWN, OTHER)))
    assert _awaiting(api, bob) == []
    for each in (drawn, other):
        _label(api, alice, each, "false_alarm")
    assert _awaiting(api, alice) == []
    assert _awaiting(api, bob) == _awaiting(api, carol) == [drawn]
    _label(api, bob, drawn, "confirmed")
    assert _awaiting(api, bob) == _awaiting(api, carol) == []


def test_a_confirmed_sample_is_answered_three_times_unless_one_disagrees(api: Api) -> None:
    """A wrong confirmation would stand for many events that were never missed."""
    alice, bob, carol, dave = (api.key(name) for name in ("alice", "bob", "carol", "dave"))
    sample = {"kind": Kind.SAMPLE, "probability": 0.01, "score": 0.2, "received_at": NOW}
    agreed, doubted = store(api.engine, *(new_alert(OTHER + n, **sample) for n in (0, 1)))
    for each in (agreed, doubted):
        _label(api, alice, each, "confirmed")
    assert set(_awaiting(api, bob)) == {agreed, doubted}
    _label(api, bob, doubted, "false_alarm")
    _label(api, bob, agreed, "confirmed")
    assert _awaiting(api, carol) == [agreed]
    _label(api, carol, agreed, "confirmed")
    assert _awaiting(api, dave) == []


def test_what_another_verdict_would_undo_is_not_asked_about(api: Api) -> None:
    """A known issue mutes until another verdict; nor what is planned, or was answered long ago."""
    alice, bob = api.key("alice"), api.key("bob")
    (drawn,) = store(api.engine, new_alert(DRAWN, received_at=NOW))
    for verdict in ("planned", "known_issue", "new_normal"):
        _label(api, alice, drawn, verdict)
        assert _awaiting(api, bob) == []
    _label(api, alice, drawn, "confirmed")
    assert _awaiting(api, bob) == [drawn]
    api.clock.move(days=7, seconds=1)
    assert _awaiting(api, bob) == []


def test_the_console_shows_it_without_what_was_said(api: Api) -> None:
    """In the list with its mark, in focus without labels; they are there after one's own."""
    alice, bob = api.key("alice"), api.key("bob")
    (drawn,) = store(api.engine, new_alert(DRAWN, received_at=NOW))
    answer = api.post(
        f"/api/v1/alerts/{drawn}/labels", alice, json={"verdict": "confirmed", "note": "valve"}
    )
    assert answer.status_code == 201
    page = _page(api, bob)
    assert re.search(r'class="sample">second opinion<', page)
    assert "Second opinion: others have answered this alert too" in page
    assert "1</span> for your second opinion" in page
    assert "valve" not in page
    assert "Now <span" not in page
    assert "valve" in _page(api, alice, f"/?at={drawn}")
    _label(api, bob, drawn, "false_alarm")
    page = _page(api, bob, f"/?at={drawn}")
    assert "valve" in page
    assert "Second opinion" not in page


def test_what_was_said_stays_hidden_until_an_answer_counts(api: Api) -> None:
    """`unsure` does not open it, nor end it for others; a verdict afterwards is still blind."""
    alice, bob, carol = (api.key(name) for name in ("alice", "bob", "carol"))
    (drawn,) = store(api.engine, new_alert(DRAWN, received_at=NOW))
    api.post(
        f"/api/v1/alerts/{drawn}/labels", alice, json={"verdict": "confirmed", "note": "valve"}
    )
    _label(api, bob, drawn, "unsure")
    assert "valve" not in _page(api, bob, f"/?at={drawn}")
    assert _awaiting(api, bob) == []
    assert _awaiting(api, carol) == [drawn]
    _label(api, bob, drawn, "false_alarm")
    assert "valve" in _page(api, bob, f"/?at={drawn}")
    assert _said(api)["bob"] == (True, 0)


def test_a_change_after_reading_is_no_independent_answer(api: Api) -> None:
    """The new verdict counts; how often analysts err is told by what they said before."""
    alice, bob = api.key("alice"), api.key("bob")
    (drawn,) = store(api.engine, new_alert(DRAWN, received_at=NOW))
    _label(api, alice, drawn, "confirmed")
    _label(api, bob, drawn, "false_alarm")
    assert _said(api) == {"alice": (False, 1), "bob": (True, 0)}
    _label(api, alice, drawn, "false_alarm")
    assert _said(api) == {"alice": (False, 1), "bob": (True, 0)}
    _label(api, bob, drawn, "confirmed")
    assert _said(api) == {"alice": (False, 1), "bob": (True, 0)}
    carol = api.key("carol")
    _label(api, carol, drawn, "confirmed")
    assert _said(api)["carol"] == (False, -1)


def test_nobody_gives_most_second_opinions(api: Api) -> None:
    """Beyond a few, no analyst gives more than a third of them."""
    alice, bob, carol = (api.key(name) for name in ("alice", "bob", "carol"))
    wanted = [n for n in range(2_000) if shuffled(new_alert(n).id) < ASKED_AGAIN][:30]
    events = store(api.engine, *(new_alert(n, received_at=NOW) for n in wanted))
    for each in events:
        _label(api, alice, each, "false_alarm")
    assert len(events) == 30
    for each in events[:20]:
        _label(api, bob, each, "false_alarm")
    assert _awaiting(api, bob) == []
    assert len(_awaiting(api, carol)) == 10


def test_who_only_reads_gives_none(api: Api) -> None:
    """A viewer is refused by the API, and sees all labels in the console."""
    alice, viewer = api.key("alice"), api.key("vera", Role.VIEWER)
    (drawn,) = store(api.engine, new_alert(DRAWN, received_at=NOW))
    _label(api, alice, drawn, "confirmed")
    assert api.get("/api/v1/second-opinions", viewer).status_code == 403
    assert api.get("/api/v1/second-opinions?cursor=x", alice).status_code == 422
    page = _page(api, viewer, f"/?at={drawn}")
    assert "Second opinion" not in page
    assert "alice" in page
