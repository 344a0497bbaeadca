"""Outbox, intake offsets, kept answers, keys and sessions in SQL."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from floodline.storage import api_keys, idempotency, intake_offsets, outbox, sessions, users
from floodline.storage.engine import transaction
from floodline.storage.tables import ApiKeyRow
from tests.integration.storage.samples import NOW, store_user


def _put(engine: Engine, kind: str, key: str) -> None:
    with transaction(engine) as session:
        outbox.append(session, kind=kind, topic="t", key=key, value=b"\x00\xff", now=NOW)


def test_outbox_gives_each_kind_in_order_until_marked(engine: Engine) -> None:
    """Waiting messages come in the order of appending, by kind, and go when they are marked."""
    for key in ("a", "b", "c"):
        _put(engine, "label", key)
    _put(engine, "release", "r")
    with transaction(engine) as session:
        rows = outbox.waiting(session, "label", 2)
        assert [(row.key, row.value) for row in rows] == [("a", b"\x00\xff"), ("b", b"\x00\xff")]
        outbox.mark_published(session, [row.id for row in rows], NOW)
    with transaction(engine) as session:
        assert [row.key for row in outbox.waiting(session, "label", 10)] == ["c"]
        assert outbox.count_waiting(session, "label") == 1
        assert outbox.count_waiting(session, "release") == 1


def test_outbox_forgets_what_was_rolled_back(engine: Engine) -> None:
    """A message of a transaction that failed is never there."""

    def fail() -> None:
        with transaction(engine) as session:
            outbox.append(session, kind="label", topic="t", key="a", value=b"", now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with transaction(engine) as session:
        assert outbox.count_waiting(session, "label") == 0


def test_intake_offsets_move_forward_only(engine: Engine) -> None:
    """Offsets are kept by topic id and partition, and a late writer cannot move them back."""
    with transaction(engine) as session:
        intake_offsets.advance(session, "t", "id1", {0: 10, 1: 5}, NOW)
        intake_offsets.advance(session, "t", "id2", {0: 1}, NOW)
    with transaction(engine) as session:
        intake_offsets.advance(session, "t", "id1", {0: 7, 1: 6}, NOW)
        intake_offsets.advance(session, "t", "id1", {}, NOW)
        assert intake_offsets.read(session, "t", "id1") == {0: 10, 1: 6}
        assert intake_offsets.read(session, "t", "id2") == {0: 1}
        assert intake_offsets.read(session, "t", "id3") == {}


def _claim(engine: Engine, key: str, after: timedelta = timedelta()) -> int | None:
    with transaction(engine) as session:
        row = idempotency.claim(
            session, user_id="u", key=key, request_sha256="0" * 64, now=NOW + after
        )
        if row is None:
            idempotency.keep(session, user_id="u", key=key, status=201, response={"a": 1})
            return None
        return row.status


def test_an_idempotency_key_is_claimed_once_a_day(engine: Engine) -> None:
    """The first request claims the key, later ones get its answer, and a day later it is free."""
    assert _claim(engine, "k") is None
    assert _claim(engine, "k") == 201
    assert _claim(engine, "k", timedelta(hours=25)) is None
    with transaction(engine) as session:
        idempotency.drop_old(session, NOW + timedelta(hours=50))
    assert _claim(engine, "k", timedelta(hours=26)) is None


def test_racing_requests_claim_a_key_once(engine: Engine) -> None:
    """Of two requests at once, one claims the key and the other waits for its answer."""
    answers: list[int | None] = []
    threads = [
        threading.Thread(target=lambda: answers.append(_claim(engine, "k"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers, key=str) == [201, 201, 201, None]


def test_a_user_is_made_once(engine: Engine) -> None:
    """Asking for a user again gives back the first, with its first role."""
    store_user(engine, "alice", "viewer")
    with transaction(engine) as session:
        again = users.ensure(session, id="other", name="alice", role="admin", now=NOW)
        assert (again.id, again.role) == ("id-of-alice", "viewer")
        assert users.by_name(session, "bob") is None


def test_sessions_end_with_time_and_with_their_key(engine: Engine) -> None:
    """A session gives its key's owner until it runs out or is removed."""
    alice = store_user(engine, "alice")
    later = NOW + timedelta(hours=1)
    key = ApiKeyRow(id="k", user_id=alice, secret_sha256="s", created_at=NOW)
    with transaction(engine) as session:
        api_keys.add(session, key)
        for token in ("one", "two", "three"):
            sessions.add(session, token_sha256=token, key_id="k", now=NOW, expires_at=later)
    with transaction(engine) as session:
        owned = sessions.owner(session, "one", NOW)
        assert owned is not None
        assert owned.user.name == "alice"
        assert owned.usable(NOW)
        assert sessions.owner(session, "one", later) is None
        assert sessions.owner(session, "none", NOW) is None
        sessions.remove(session, "one")
        assert sessions.owner(session, "one", NOW) is None
        sessions.remove_of_key(session, "k")
        assert sessions.owner(session, "two", NOW) is None
        assert [each.key.id for each in api_keys.every(session)] == ["k"]


def test_a_key_is_unusable_when_revoked_expired_or_its_owner_disabled(engine: Engine) -> None:
    """Each of the three ends a key."""
    alice = store_user(engine, "alice")
    row = ApiKeyRow(id="k", user_id=alice, secret_sha256="s", created_at=NOW, expires_at=NOW)
    with transaction(engine) as session:
        api_keys.add(session, row)
        owned = api_keys.find(session, "k")
        assert owned is not None
        assert not owned.usable(NOW)
        assert owned.usable(NOW - timedelta(seconds=1))
        owned.key.expires_at = None
        owned.key.revoked_at = NOW
        assert not owned.usable(NOW)
        owned.key.revoked_at = None
        owned.user.disabled_at = NOW
        assert not owned.usable(NOW)
        assert api_keys.find(session, "other") is None
