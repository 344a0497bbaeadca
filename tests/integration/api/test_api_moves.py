"""Moves by hand, consent, undo, policy and freeze."""

from typing import Any

import pytest
from sqlalchemy import select, update

from feedback_api.access.roles import Role
from floodline.configuration.threshold_section import ThresholdSection
from floodline.detection.threshold_rule import ThresholdRule
from floodline.feedback.policies import AlertBudget
from floodline.storage import controls, moves
from floodline.storage.engine import transaction
from floodline.storage.moves import MoveKind, MoveState
from floodline.storage.tables import AuditRow, MoveRow
from tests.integration.api.application import Api, problem
from tests.integration.api.reviews import release, review
from tests.integration.storage.samples import DETECTOR, NOW

PATH = "/api/v1/threshold"
MOVE = {"threshold": 0.95, "reason": "fewer, please"}


@pytest.fixture
def two(api: Api) -> Api:
    """The application where moves need a second person."""
    return Api(api.engine, threshold=ThresholdSection(second_person=True))


def _audit(api: Api) -> list[tuple[str, str]]:
    with transaction(api.engine) as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.id))
        return [(row.actor, row.action) for row in rows if row.actor != "test"]


def _proposed(api: Api, kind: MoveKind = MoveKind.POLICY) -> str:
    """A proposal of the trainer."""
    row = MoveRow(
        id=f"of-{kind}",
        detector=DETECTOR,
        created_at=NOW,
        kind=kind,
        state=MoveState.PROPOSED,
        rule={"score": 0.97},
        threshold_before=0.9,
        threshold_after=0.97,
        reason="the policy asks for it",
        made_by="trainer",
        base_release=0,
        figures={},
    )
    with transaction(api.engine) as session:
        moves.insert(session, row)
    return f"of-{kind}"


def test_a_move_by_hand_waits_for_the_trainer(api: Api) -> None:
    """A move is stored as approved, with its reason, base, figures and an audit row."""
    review(api)
    release(api, 1, 0.9)
    answer = api.post(f"{PATH}/moves", api.key("erin", Role.ENGINEER), json=MOVE)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["kind"], told["state"], told["made_by"]) == ("manual", "approved", "erin")
    assert told["rule"] == {"score": 0.95, "rarity": None}
    assert (told["threshold_before"], told["threshold_after"]) == (0.9, 0.95)
    assert (told["base_release"], told["release"], told["decided_by"]) == (1, None, None)
    preview = told["figures"]["preview"]
    assert preview["then"]["precision"]["value"] > preview["now"]["precision"]["value"]
    assert "top" not in preview["lost"]
    with transaction(api.engine) as session:
        (row,) = moves.waiting(session, DETECTOR)
    assert row.reason == "fewer, please"
    assert _audit(api) == [("erin", "move_manual")]
    assert api.get(f"{PATH}/moves", api.key("vera", Role.VIEWER)).json() == {"items": [told]}
    assert api.get(PATH, api.key("vera", Role.VIEWER)).json()["waiting"]["approved"] == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/moves", MOVE),
        ("POST", "/undo", {"reason": "oops"}),
        ("POST", "/moves/x/approve", None),
        ("POST", "/moves/x/reject", None),
        ("POST", "/moves/x/withdraw", None),
        ("PUT", "/policy", {"type": "fixed"}),
        ("DELETE", "/policy", None),
        ("PUT", "/freeze", {"reason": "stop"}),
        ("DELETE", "/freeze", None),
    ],
)
def test_an_analyst_steers_nothing(lite: Api, method: str, path: str, body: Any) -> None:
    """What steers the threshold needs the role engineer."""
    answer = lite.call(method, f"{PATH}{path}", key=lite.key("alice"), json=body)
    assert "needs the role engineer" in problem(answer, 403, "forbidden")["detail"]
    assert _audit(lite) == []


def test_a_repeated_move_is_made_once(api: Api) -> None:
    """The same Idempotency-Key gives the first answer again."""
    key, named = api.key("erin", Role.ENGINEER), {"Idempotency-Key": "one"}
    first = api.post(f"{PATH}/moves", key, json=MOVE, headers=named)
    again = api.post(f"{PATH}/moves", key, json=MOVE, headers=named)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(api.get(f"{PATH}/moves", key).json()["items"]) == 1
    other = api.post(f"{PATH}/undo", key, json={"reason": "fewer, please"}, headers=named)
    problem(other, 422, "invalid-request")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"threshold": 0.4, "reason": "low"}, 422),
        ({"threshold": 0.9999, "reason": "high"}, 422),
        ({"threshold": 0.95, "reason": " "}, 422),
        ({"threshold": 0.95}, 422),
        ({"threshold": True, "reason": "true is no number"}, 422),
        ({"threshold": 0.95, "reason": "nor a release", "base_release": True}, 422),
        ({"threshold": 0.9, "reason": "same"}, 409),
        ({"threshold": 0.95, "reason": "late", "base_release": 7}, 409),
    ],
)
def test_a_move_that_cannot_be_is_refused(lite: Api, body: dict[str, Any], status: int) -> None:
    """Out of bounds, without a reason, to where it is, or decided on an older threshold."""
    bounded = Api(lite.engine, threshold=ThresholdSection(floor=0.5, ceiling=0.999))
    answer = bounded.post(f"{PATH}/moves", bounded.key("erin", Role.ENGINEER), json=body)
    problem(answer, status, "conflict" if status == 409 else "invalid-request")
    assert _audit(bounded) == []


def test_another_engineer_must_approve(two: Api) -> None:
    """Where a second person is asked for, the maker cannot approve; another engineer can, once."""
    erin, omar = two.key("erin", Role.ENGINEER), two.key("omar", Role.ENGINEER)
    made = two.post(f"{PATH}/moves", erin, json=MOVE).json()
    assert made["state"] == "proposed"
    assert two.get(PATH, erin).json()["waiting"] == {"proposed": 1, "approved": 0}
    path = f"{PATH}/moves/{made['id']}"
    refused = problem(two.post(f"{path}/approve", erin), 403, "forbidden")
    assert "another engineer must approve" in refused["detail"]
    two.clock.move(seconds=5)
    told = two.post(f"{path}/approve", omar).json()
    assert (told["state"], told["decided_by"]) == ("approved", "omar")
    assert told["decided_at"] == "2026-11-22T12:00:05Z"
    problem(two.post(f"{path}/reject", omar), 409, "conflict")
    problem(two.post(f"{PATH}/moves/none/approve", omar), 404, "not-found")
    assert _audit(two) == [("erin", "move_manual"), ("omar", "move_approved")]


def test_the_maker_withdraws_and_others_reject(two: Api) -> None:
    """A withdrawal is the maker's, a rejection anybody's; both end the move."""
    erin, omar = two.key("erin", Role.ENGINEER), two.key("omar", Role.ENGINEER)
    first, second = (two.post(f"{PATH}/moves", erin, json=MOVE).json()["id"] for _ in range(2))
    refused = problem(two.post(f"{PATH}/moves/{first}/withdraw", omar), 403, "forbidden")
    assert "erin made this move" in refused["detail"]
    assert two.post(f"{PATH}/moves/{first}/withdraw", erin).json()["state"] == "withdrawn"
    assert two.post(f"{PATH}/moves/{second}/reject", omar).json()["state"] == "rejected"
    listed = two.get(f"{PATH}/moves?state=rejected&limit=1", erin).json()["items"]
    assert [each["id"] for each in listed] == [second]
    assert two.get(PATH, erin).json()["waiting"] == {"proposed": 0, "approved": 0}


def test_an_approved_move_can_be_withdrawn_before_its_release(api: Api) -> None:
    """As long as the trainer has not released it, its maker can take it back."""
    erin = api.key("erin", Role.ENGINEER)
    made = api.post(f"{PATH}/moves", erin, json=MOVE).json()
    assert api.post(f"{PATH}/moves/{made['id']}/withdraw", erin).json()["state"] == "withdrawn"
    with transaction(api.engine) as session:
        assert moves.waiting(session, DETECTOR) == []


@pytest.mark.parametrize("kind", [MoveKind.POLICY, MoveKind.WATCH])
def test_any_engineer_approves_what_the_trainer_proposes(lite: Api, kind: MoveKind) -> None:
    """The trainer is no person: whoever is an engineer may consent, nobody may withdraw."""
    # The name of the program could also be a person's.
    key = lite.key("trainer", Role.ENGINEER)
    path = f"{PATH}/moves/{_proposed(lite, kind)}"
    problem(lite.post(f"{path}/withdraw", key), 403, "forbidden")
    assert lite.post(f"{path}/approve", key).json()["state"] == "approved"


def test_a_proposal_on_an_older_threshold_is_not_approved(lite: Api) -> None:
    """Another release came since: the figures told of another threshold."""
    waiting = _proposed(lite)
    release(lite, 1, 0.95)
    key = lite.key("erin", Role.ENGINEER)
    told = problem(lite.post(f"{PATH}/moves/{waiting}/approve", key), 409, "conflict")
    assert "release 1 is in force by now" in told["detail"]
    assert lite.post(f"{PATH}/moves/{waiting}/reject", key).json()["state"] == "rejected"


def test_undo_goes_back_to_the_rule_before(api: Api) -> None:
    """Undo makes a move to the rule before the newest release that set the threshold."""
    key, body = api.key("erin", Role.ENGINEER), {"reason": "too quiet"}
    problem(api.post(f"{PATH}/undo", key, json=body), 409, "conflict")
    release(api, 1, 0.95)
    release(api, 2, 0.97)
    release(api, 3, 0.97, kind="sampling")
    answer = api.post(f"{PATH}/undo", key, json=body | {"base_release": 2})
    told = answer.json()
    assert (told["kind"], told["state"], told["base_release"]) == ("undo", "approved", 2)
    assert told["rule"]["score"] == 0.95
    assert told["reason"] == "undoes release 2: too quiet"
    assert _audit(api) == [("erin", "move_undo")]


def test_an_undo_waits_for_the_release_of_a_move_that_is_on_its_way(api: Api) -> None:
    """Else it would undo the release before, which nobody meant."""
    key, body = api.key("erin", Role.ENGINEER), {"reason": "too quiet"}
    release(api, 1, 0.97)
    made = api.post(f"{PATH}/moves", key, json=MOVE).json()
    refused = problem(api.post(f"{PATH}/undo", key, json=body), 409, "conflict")
    assert refused["detail"].startswith(f"move {made['id']} by erin waits for its release: ")
    api.post(f"{PATH}/moves/{made['id']}/withdraw", key)
    assert api.post(f"{PATH}/undo", key, json=body).json()["reason"].startswith("undoes release 1:")


def test_who_set_the_policy_is_no_second_person_for_what_it_asks(two: Api) -> None:
    """Another engineer is; a proposal of an earlier policy has nobody's consent any more."""
    erin, omar = two.key("erin", Role.ENGINEER), two.key("omar", Role.ENGINEER)
    path = f"{PATH}/moves/{_proposed(two)}/approve"
    two.call("PUT", f"{PATH}/policy", key=erin, json={"type": "precision", "at_least": 0.9})
    refused = problem(two.post(path, erin), 403, "forbidden")
    assert refused["detail"].startswith("you set the policy that asks for this move")
    page = two.call("GET", "/threshold", key=erin).text
    assert 'value="approve"' not in page
    assert 'value="approve"' in two.call("GET", "/threshold", key=omar).text
    with transaction(two.engine) as session:
        session.execute(update(MoveRow).values(figures={moves.POLICY_AT: None}))
    refused = problem(two.post(path, omar), 409, "conflict")
    assert "the policy was changed" in refused["detail"]
    with transaction(two.engine) as session:
        changed = controls.get(session, DETECTOR).policy_at
        assert changed is not None
        figures = {moves.POLICY_AT: changed.isoformat()}
        session.execute(update(MoveRow).values(figures=figures))
    assert two.post(path, omar).json()["state"] == "approved"


def test_undo_to_a_rarity_rule_and_not_across_a_retrain(lite: Api) -> None:
    """The first release is undone to the rarity; a retrained model's threshold is not undone."""
    rare = Api(lite.engine, initial_rule=ThresholdRule(rarity=0.001))
    key, body = rare.key("erin", Role.ENGINEER), {"reason": "too quiet"}
    release(rare, 1, 0.95)
    told = rare.post(f"{PATH}/undo", key, json=body).json()
    assert told["rule"] == {"score": None, "rarity": 0.001}
    assert told["threshold_after"] is None
    release(rare, 2, 0.5, kind="retrain")
    refused = problem(rare.post(f"{PATH}/undo", key, json=body), 409, "conflict")
    assert "retrained model" in refused["detail"]


@pytest.mark.parametrize(
    "policy",
    [
        {"type": "precision", "at_least": 0.9},
        {"type": "budget", "per_hour": 4.0, "precision": 0.7},
        {"type": "cost", "miss": 50.0, "false_alarm": 1.0},
        {"type": "fixed"},
    ],
)
def test_a_policy_is_set_and_taken_back(api: Api, policy: dict[str, Any]) -> None:
    """Each policy goes in and comes out as it is; DELETE brings the configured one back."""
    key = api.key("erin", Role.ENGINEER)
    told = api.call("PUT", f"{PATH}/policy", key=key, json=policy).json()
    assert (told["policy"], told["configured"], told["set_by"]) == (policy, False, "erin")
    assert api.get(PATH, key).json()["policy"] == told
    told = api.call("DELETE", f"{PATH}/policy", key=key).json()
    assert told["configured"]
    assert told["policy"] == {"type": "precision", "at_least": 0.8}
    assert api.get(PATH, key).json()["policy"] == told
    assert _audit(api) == [("erin", "policy"), ("erin", "policy")]


def test_setting_the_same_policy_again_changes_nothing(lite: Api) -> None:
    """Who set it first stays named."""
    erin, omar = lite.key("erin", Role.ENGINEER), lite.key("omar", Role.ENGINEER)
    policy = {"type": "budget", "per_hour": 4.0, "precision": 0.7}
    for key in (erin, omar):
        told = lite.call("PUT", f"{PATH}/policy", key=key, json=policy).json()
    assert told["set_by"] == "erin"
    with transaction(lite.engine) as session:
        set_now = controls.get(session, DETECTOR).policy
    assert set_now == AlertBudget(per_hour=4.0, precision=0.7)
    assert _audit(lite) == [("erin", "policy")]


@pytest.mark.parametrize(
    "policy",
    [
        {"type": "luck"},
        {"at_least": 0.9},
        {"type": "precision"},
        {"type": "precision", "at_least": 1},
        {"type": "precision", "at_least": 0.9, "per_hour": 4},
        {"type": "budget", "per_hour": 0, "precision": 0.7},
        {"type": "cost", "miss": -1, "false_alarm": 1},
        {"type": "cost", "miss": 1e13, "false_alarm": 1},
        {"type": "cost", "miss": True, "false_alarm": 1},
    ],
)
def test_a_policy_that_is_none_is_refused(lite: Api, policy: dict[str, Any]) -> None:
    """An unknown type, a field that is missing or foreign, a number out of its range."""
    key = lite.key("erin", Role.ENGINEER)
    answer = lite.call("PUT", f"{PATH}/policy", key=key, json=policy)
    problem(answer, 422, "invalid-request")
    assert lite.get(PATH, key).json()["policy"]["configured"]


def test_a_frozen_threshold_is_not_moved(api: Api) -> None:
    """Frozen, it takes no move, undo or consent until somebody lets it go."""
    erin, omar = api.key("erin", Role.ENGINEER), api.key("omar", Role.ENGINEER)
    release(api, 1, 0.95)
    waiting = _proposed(api)
    body = {"reason": "audit week"}
    told = api.call("PUT", f"{PATH}/freeze", key=erin, json=body).json()
    assert told == {"by": "erin", "at": "2026-11-22T12:00:00Z", "reason": "audit week"}
    assert api.call("PUT", f"{PATH}/freeze", key=erin, json=body).json() == told
    problem(api.call("PUT", f"{PATH}/freeze", key=omar, json=body), 409, "conflict")
    assert api.get(PATH, erin).json()["frozen"] == told
    for path, given in (
        ("/moves", MOVE),
        ("/undo", {"reason": "oops"}),
        (f"/moves/{waiting}/approve", None),
    ):
        refused = problem(api.post(f"{PATH}{path}", omar, json=given), 409, "conflict")
        assert "frozen by erin: audit week" in refused["detail"]
    for _ in range(2):
        assert api.call("DELETE", f"{PATH}/freeze", key=omar).status_code == 204
    assert api.get(PATH, erin).json()["frozen"] is None
    assert api.post(f"{PATH}/undo", omar, json={"reason": "oops"}).status_code == 201
    assert _audit(api) == [("erin", "freeze"), ("omar", "unfreeze"), ("omar", "move_undo")]


@pytest.mark.parametrize("tail", ["-and-more", "%00", "/shuttle", "%0Aerin"])
def test_a_move_has_one_name(lite: Api, tail: str) -> None:
    """What begins with a move's id but goes on names no move, in the audit log neither."""
    key, known = lite.key("erin", Role.ENGINEER), "0" * 36
    row = {"rule": {"score": 0.97}, "base_release": 0, "figures": {}, "made_by": "trainer"}
    with transaction(lite.engine) as session:
        named = {"id": known, "detector": DETECTOR, "created_at": NOW, "reason": "asked for"}
        state = {"kind": MoveKind.POLICY, "state": MoveState.PROPOSED}
        moves.insert(session, MoveRow(**row, **named, **state))
    problem(lite.post(f"{PATH}/moves/{known}{tail}/approve", key), 404, "not-found")
    assert _audit(lite) == []
    assert lite.post(f"{PATH}/moves/{known}/approve", key).status_code == 200
