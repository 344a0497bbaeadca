"""The bound on failed sign-ins."""

from datetime import UTC, datetime, timedelta

import pytest

from feedback_api.access.login_attempts import LIMIT, PERIOD, LoginAttempts
from feedback_api.errors import TooManyAttempts

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_the_limit_holds_by_address_and_for_a_time() -> None:
    """After the limit an address waits until its first failure is old; others do not."""
    attempts = LoginAttempts()
    for second in range(LIMIT):
        attempts.check("a", NOW + timedelta(seconds=second))
        attempts.failed("a", NOW + timedelta(seconds=second))
    with pytest.raises(TooManyAttempts) as caught:
        attempts.check("a", NOW + timedelta(seconds=LIMIT))
    assert caught.value.retry_after == PERIOD.total_seconds() - LIMIT
    attempts.check("b", NOW)
    attempts.check("a", NOW + PERIOD)


def test_memory_is_bounded() -> None:
    """Failures from any number of addresses keep a bounded number of them."""
    attempts = LoginAttempts()
    for n in range(5_000):
        attempts.failed(f"address-{n}", NOW)
    assert len(attempts._failed) == 1_000
