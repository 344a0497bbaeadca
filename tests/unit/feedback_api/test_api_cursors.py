"""Cursors of alert lists."""

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
    "given", ["", "x", "é", "W10", "bnVsbA", "WyJzY29yZSIsIDEuMF0", "WyJzY29yZSIsMS4wLDVd"]
)
def test_other_text_is_no_cursor(given: Any) -> None:
    """Text that is none of our cursors is refused."""
    for order in Order:
        with pytest.raises(InvalidRequest):
            cursors.decode(order, given)
