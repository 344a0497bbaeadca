"""Leases: one holder at a time, on SQLite and on PostgreSQL."""

import threading
from datetime import timedelta

from sqlalchemy import Engine

from floodline.storage import leases
from floodline.storage.engine import transaction
from tests.integration.storage.samples import NOW

MINUTE = timedelta(minutes=1)


def acquire(engine: Engine, holder: str, seconds: float = 0) -> bool:
    with transaction(engine) as session:
        return leases.acquire(session, "retrain", holder, NOW + timedelta(seconds=seconds), MINUTE)


def test_a_held_lease_is_refused_and_its_holder_may_take_it_again(engine: Engine) -> None:
    """The second asks in vain; the first one is not in its own way."""
    assert acquire(engine, "one")
    assert not acquire(engine, "two", 59)
    assert acquire(engine, "one", 59)


def test_a_lease_that_has_run_out_is_free_and_lost_to_its_holder(engine: Engine) -> None:
    """A trainer that died blocks nobody for longer than the lease; it cannot renew what is gone."""
    assert acquire(engine, "one")
    with transaction(engine) as session:
        assert not leases.renew(session, "retrain", "one", NOW + MINUTE, MINUTE)
    assert acquire(engine, "two", 60)
    with transaction(engine) as session:
        assert not leases.renew(session, "retrain", "one", NOW + MINUTE, MINUTE)
        assert leases.renew(session, "retrain", "two", NOW + MINUTE, MINUTE)


def test_only_the_holder_gives_it_back(engine: Engine) -> None:
    """A late release of a former holder leaves the present one alone."""
    assert acquire(engine, "one")
    with transaction(engine) as session:
        leases.release(session, "retrain", "two")
    assert not acquire(engine, "two")
    with transaction(engine) as session:
        leases.release(session, "retrain", "one")
    assert acquire(engine, "two")


def test_of_many_that_ask_at_once_one_gets_it(engine: Engine) -> None:
    """Eight threads ask at the same moment: exactly one is told yes."""
    barrier = threading.Barrier(8)
    answers: list[bool] = []

    def ask(holder: str) -> None:
        barrier.wait()
        answers.append(acquire(engine, holder))

    threads = [threading.Thread(target=ask, args=(str(i),)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 7 + [True]
