"""Cursors of alert lists."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from feedback_api.errors import InvalidRequest
from feedback_api.use_cases import cursors
from floodline.storage.alerts import Order, Position


def test_cursors_come_back() -> None:
    """A place in either order survives its cursor, to the bit."""
    at = datetime(2026, 11, 22, 1, 2, 3, 456_789, tzinfo=UTC)
    for order, place in (
        (Order.SCORE, Position(0.1 + 0.2, "a")),
        (Order.NEWEST, Position(at, "b")),
    ):
        assert cursors.decode(order, cursors.encode(order, place)) == place


@pytest.mark.parametrize(
    "told",
    [
        '["score",0.5,"\\ud800"]',
        '["score",0.5,"a b"]',
        '["newest","2026-11-22T01:02:03","a"]',
        '["newest","0001-01-01T00:00:00+23:59","a"]',
        '["newest","9999-12-31T23:59:59-23:59","a"]',
    ],
)
def test_a_place_that_cannot_be_is_no_cursor(told: str) -> None:
    """Ids that no alert has, and times that UTC cannot tell, are refused."""
    for order in Order:
        with pytest.raises(InvalidRequest):
            cursors.decode(order, base64.urlsafe_b64encode(told.encode()).decode())


@pytest.mark.parametrize(
    "given", ["", "x", "é", "W10", "bnVsbA", "WyJzY29yZSIsIDEuMF0", "WyJzY29yZSIsMS4wLDVd"]
)
def test_other_text_is_no_cursor(given: Any) -> None:
    """Text that is none of our cursors is refused."""
    for order in Order:
        with pytest.raises(InvalidRequest):
            cursors.decode(order, given)
