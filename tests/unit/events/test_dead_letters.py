"""A record that could not be scored, as it is kept."""

import hashlib

import pytest

from floodline.errors import InvalidEvent
from floodline.events.dead_letters import LARGEST_COPY, DeadLetter, Headers, dead_letter
from floodline.events.messages import Coordinates

COORDINATES = Coordinates(topic="levels", topic_id="tid", partition=2, offset=77)


def letter(key: bytes | None, value: bytes | None, headers: Headers) -> DeadLetter:
    """A dead letter of a record at (2, 77)."""
    return dead_letter(
        detector="gauge",
        coordinates=COORDINATES,
        key=key,
        value=value,
        headers=headers,
        error=InvalidEvent("undecodable", "the value is not a JSON object: ü", None),
    )


def test_bytes_and_headers_are_kept_and_the_reason_is_added() -> None:
    """Key, value and headers stay as they came, repeated and empty headers included."""
    given: Headers = [("trace", b"\x00"), ("trace", b"2"), ("none", None), ("ü", b"")]
    made = letter(b"k", b"{", given)
    assert (made.key, made.value) == (b"k", b"{")
    assert made.headers[:4] == given
    assert dict(made.headers[4:]) == {
        "__connect.errors.topic": b"levels",
        "__connect.errors.partition": b"2",
        "__connect.errors.offset": b"77",
        "__connect.errors.connector.name": b"gauge",
        "__connect.errors.stage": b"DECODE",
        "__connect.errors.exception.class.name": b"InvalidEvent",
        "__connect.errors.exception.message": "the value is not a JSON object: ü".encode(),
        "floodline.topic_id": b"tid",
        "floodline.reason": b"undecodable",
    }


def test_a_tombstone_stays_one() -> None:
    """A record without key and value is kept without."""
    made = letter(None, None, [])
    assert (made.key, made.value) == (None, None)


@pytest.mark.parametrize(
    ("key", "value", "headers"),
    [
        (None, b"v" * (LARGEST_COPY + 1), []),
        (b"k" * (LARGEST_COPY + 1), b"v", []),
        (None, b"v", [("h", b"h" * LARGEST_COPY)]),
        (None, b"v", [("h", None)] * 90_000),
        (None, b"v", [("ü" * 450_000, b"")]),
    ],
)
def test_a_record_too_large_to_copy_is_kept_as_its_digest(
    key: bytes | None, value: bytes, headers: Headers
) -> None:
    """Of a record that would not fit into one message, digest, reason and place are kept."""
    made = letter(key, value, headers)
    assert (made.key, made.value) == (None, None)
    kept = dict(made.headers)
    assert kept["floodline.sha256"] == hashlib.sha256(value).hexdigest().encode()
    assert kept["__connect.errors.offset"] == b"77"
    assert len(made.headers) == 10


def test_the_largest_copy_is_copied() -> None:
    """A record just within the bound is kept whole."""
    value = b"v" * LARGEST_COPY
    assert letter(None, value, []).value == value
