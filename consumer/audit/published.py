"""What was published for a range of offsets, in few bytes, and how two messages differ."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from consumer.ports import Message
from floodline.events.dead_letters import PREFIX, REASON
from floodline.events.messages import Alert, Sample, alert_id, decode

Kind = Literal["alert", "sample", "dead_letter"]
Headers = Sequence[tuple[str, bytes | None]]

EndOf = Callable[[int], int | None]
"""The offset behind the last record that a partition had; None where there is no partition."""

_TAIL = re.compile(r"-(\d{1,10})-(\d{1,19})\Z", re.ASCII)
_PARTITION = re.compile(rb"\d{1,10}")
_OFFSET = re.compile(rb"\d{1,19}")


class Place(msgspec.Struct, frozen=True):
    """Where a message lies."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}, partition {self.partition}, offset {self.offset}"


class Published(msgspec.Struct, frozen=True, gc=False):
    """A message that was published: its digest, and where it can be read again."""

    digest: bytes
    place: Place


Copies = dict[int, list[Published]]
"""By the offset of the event, the messages about it, in the order in which they were read."""


class Outputs(msgspec.Struct, frozen=True):
    """All that was published about a partition's range."""

    alerts: Copies = msgspec.field(default_factory=dict)
    samples: Copies = msgspec.field(default_factory=dict)
    dead_letters: Copies = msgspec.field(default_factory=dict)

    def of(self, kind: Kind) -> Copies:
        """The messages of one kind."""
        copies = {
            "alert": self.alerts,
            "sample": self.samples,
            "dead_letter": self.dead_letters,
        }
        return copies[kind]


class Source(msgspec.Struct, frozen=True):
    """The event that a message is about."""

    topic_id: str
    partition: int
    offset: int


class Foreign(ValueError):  # noqa: N818
    """A message that nobody of this detector publishes; says why."""


class _Identity(msgspec.Struct):
    id: str


class Stray(msgspec.Struct, frozen=True):
    """A message on a topic of ours that nobody of this detector published."""

    where: str
    why: str


class Collection:
    """Gathers what was published about ranges of the input, one digest and place a message.

    A topic of ours has other partitions than the input, so it is read once, whole, and only what
    is about the ranges stays: some 300 bytes for each alert and dead letter of theirs.

    `ends` are those of all the input's partitions before the reading. What is about a place
    outside of them was published while we read, or is a stray: `settle` tells.
    """

    def __init__(
        self,
        detector: str,
        topic_id: str,
        spans: Mapping[int, tuple[int, int]],
        ends: Mapping[int, int],
    ) -> None:
        self.outputs = {partition: Outputs() for partition in spans}
        self.strays: list[Stray] = []
        self._detector = detector
        self._topic_id = spelt_as_in_ids(topic_id)
        self._spans = spans
        self._ends = ends
        self._beyond: dict[int, list[tuple[int, Place]]] = {}

    def add(self, kind: Kind, message: Message, place: Place) -> None:
        """Take in a message, in the order of its topic's partition."""
        try:
            if kind == "dead_letter":
                source = source_of_dead_letter(message.headers, self._detector)
            else:
                source = source_of_alert(message.value, self._detector)
        except Foreign as error:
            self.strays.append(Stray(str(place), str(error)))
            return
        if source.topic_id != self._topic_id:
            return
        if source.offset >= self._ends.get(source.partition, 0):
            self._beyond.setdefault(source.partition, []).append((source.offset, place))
        first, end = self._spans.get(source.partition, (0, 0))
        if first <= source.offset < end:
            copies = self.outputs[source.partition].of(kind).setdefault(source.offset, [])
            copies.append(Published(digest(message), place))

    def settle(self, end_of: EndOf) -> None:
        """Once all is read: what is about records that the input never had is a stray."""
        for partition, found in sorted(self._beyond.items()):
            end = end_of(partition)
            if end is None:
                why = "but the input has no such partition"
            else:
                why = f"but the input ends at {end} there"
            self.strays += [
                Stray(str(place), f"it is about partition {partition}, offset {at}, {why}")
                for at, place in found
                if end is None or at >= end
            ]


def digest(message: Message) -> bytes:
    """Of key, value and headers; equal digests are equal messages."""
    parts = msgspec.msgpack.encode((message.key, message.value, message.headers))
    return hashlib.blake2b(parts, digest_size=16).digest()


def source_of_id(identity: str, detector: str) -> Source:
    """The event that an alert's id names; the topic id in the spelling of alert ids.

    Raises:
        Foreign: it is no id of this detector's alerts.
    """
    tail = _TAIL.search(identity)
    head = f"{detector}-"
    if tail is None or not identity.startswith(head) or tail.start() <= len(head):
        raise Foreign(f"{identity!r} is no id of an alert of detector {detector!r}")
    topic_id = identity[len(head) : tail.start()]
    return Source(topic_id, int(tail.group(1)), int(tail.group(2)))


def spelt_as_in_ids(topic_id: str) -> str:
    """The topic id as alert ids have it."""
    return source_of_id(alert_id("a", topic_id, 0, 0), "a").topic_id


def source_of_alert(value: bytes | None, detector: str) -> Source:
    """The event that an alert or a sample is about, by its id.

    Raises:
        Foreign: the value is neither, or of another detector.
    """
    try:
        found = msgspec.json.decode(value or b"", type=_Identity)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Foreign(f"no alert: {error}") from error
    return source_of_id(found.id, detector)


def source_of_dead_letter(headers: Headers, detector: str) -> Source:
    """The record that a dead letter is a copy of; the topic id in the spelling of alert ids.

    Raises:
        Foreign: its headers do not say so.
    """
    said = dict(headers)
    wanted = ("connector.name", "partition", "offset")
    maker, partition, offset = (said.get(f"{PREFIX}{name}") or b"" for name in wanted)
    topic_id = (said.get("floodline.topic_id") or b"").decode(errors="replace")
    named = _PARTITION.fullmatch(partition) and _OFFSET.fullmatch(offset)
    if maker != detector.encode() or not named:
        raise Foreign(f"no dead letter of detector {detector!r}")
    return Source(spelt_as_in_ids(topic_id), int(partition), int(offset))


def first_difference(kind: Kind, expected: Message, found: Message) -> tuple[str, Any, Any]:
    """The first field in which two messages differ, and what it holds in each."""
    if kind == "dead_letter":
        pairs = _letter_fields(expected, found)
    else:
        said = Alert if kind == "alert" else Sample
        pairs = _fields(said, expected.value, found.value)
    for name, ours, theirs in pairs:
        if ours != theirs:
            return name, ours, theirs
    for name in ("value", "key", "headers"):
        ours, theirs = getattr(expected, name), getattr(found, name)
        if ours != theirs:
            return name, shown(ours), shown(theirs)
    return "nothing", None, None


def differing_fields(
    kind: type[Alert], expected: bytes | None, found: bytes | None
) -> dict[str, tuple[Any, Any]]:
    """Every field in which two alerts, or two samples, differ."""
    pairs = _fields(kind, expected, found)
    return {name: (ours, theirs) for name, ours, theirs in pairs if ours != theirs}


def _fields(
    kind: type[Alert], expected: bytes | None, found: bytes | None
) -> list[tuple[str, Any, Any]]:
    try:
        ours, theirs = decode(expected or b"", kind), decode(found or b"", kind)
    except msgspec.MsgspecError:
        return []
    left, right = msgspec.to_builtins(ours), msgspec.to_builtins(theirs)
    return [(name, left[name], right[name]) for name in kind.__struct_fields__]


def _letter_fields(expected: Message, found: Message) -> list[tuple[str, Any, Any]]:
    ours, theirs = dict(expected.headers), dict(found.headers)
    first = [REASON, *(name for name in ours if name.startswith(PREFIX))]
    names = [*first, *(name for name in [*ours, *theirs] if name not in first)]
    return [(name, shown(ours.get(name)), shown(theirs.get(name))) for name in names]


def shown(content: Any) -> Any:
    """Bytes as text that can be printed, and not too much of it."""
    if isinstance(content, bytes):
        text = content.decode(errors="backslashreplace")
        return text if len(text) <= 200 else f"{text[:200]}... ({len(content)} bytes)"
    if isinstance(content, list):
        return [[name, shown(each)] for name, each in content]
    return content
