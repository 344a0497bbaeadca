"""A record that could not be scored, kept with its reason and where it came from."""

import hashlib

import msgspec

from floodline.errors import InvalidEvent
from floodline.events.messages import Coordinates

PREFIX = "__connect.errors."
REASON = "floodline.reason"
LARGEST_COPY = 900_000
"""Bytes of key, value and headers that are copied; of a larger record the digest is kept."""
LARGEST_MESSAGE = LARGEST_COPY + 50_000
"""Bytes that one message of ours may need: a copy, our own headers, a key, and Kafka's framing."""
_HEADER = 10  # bytes of a header's two lengths at their longest

Headers = list[tuple[str, bytes | None]]


class DeadLetter(msgspec.Struct, frozen=True):
    """What is written to the dead-letter topic: the original bytes, headers with the reason."""

    key: bytes | None
    value: bytes | None
    headers: Headers


def dead_letter(
    *,
    detector: str,
    coordinates: Coordinates,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    error: InvalidEvent,
) -> DeadLetter:
    """The dead letter of a record, with the header names that Kafka Connect uses."""
    ours: Headers = [
        (f"{PREFIX}topic", coordinates.topic.encode()),
        (f"{PREFIX}partition", str(coordinates.partition).encode()),
        (f"{PREFIX}offset", str(coordinates.offset).encode()),
        (f"{PREFIX}connector.name", detector.encode()),
        (f"{PREFIX}stage", b"DECODE"),
        (f"{PREFIX}exception.class.name", type(error).__name__.encode()),
        (f"{PREFIX}exception.message", error.detail.encode()),
        ("floodline.topic_id", coordinates.topic_id.encode()),
        (REASON, error.reason.encode()),
    ]
    copied = sum(len(name.encode()) + len(content or b"") + _HEADER for name, content in headers)
    if len(key or b"") + len(value or b"") + copied > LARGEST_COPY:
        digest = hashlib.sha256(value or b"").hexdigest()
        ours += [("floodline.sha256", digest.encode())]
        return DeadLetter(None, None, ours)
    return DeadLetter(key, value, [*headers, *ours])
