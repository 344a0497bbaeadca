"""Whose messages lie on the detector's topics: ours about the input's records, and strays."""

import json

import pytest

from consumer.audit.published import Collection, Kind, Place
from consumer.ports import Message
from floodline.events.dead_letters import PREFIX
from floodline.events.messages import alert_id

TOPIC_ID = "a+b/cd"
MOST = 9_999_999_999


def alert(partition: int, offset: int, topic_id: str = TOPIC_ID) -> Message:
    """An alert, as far as its id."""
    value = json.dumps({"id": alert_id("gauge", topic_id, partition, offset)}).encode()
    return Message("gauge.alerts", None, value, [])


def letter(partition: bytes, offset: bytes) -> Message:
    """A dead letter, as far as the headers that name its record."""
    said = {"connector.name": b"gauge", "partition": partition, "offset": offset}
    headers: list[tuple[str, bytes | None]] = [(f"{PREFIX}{name}", said[name]) for name in said]
    headers.append(("floodline.topic_id", TOPIC_ID.encode()))
    return Message("gauge.dead_letters", None, b"", headers)


def collected(*messages: tuple[Kind, Message]) -> Collection:
    """Of partition 0 the range 5 to 10; partitions 0 and 1 end at 20 and at 30."""
    found = Collection("gauge", TOPIC_ID, {0: (5, 10)}, {0: 20, 1: 30})
    for at, (kind, message) in enumerate(messages):
        found.add(kind, message, Place(message.topic, 0, at))
    return found


@pytest.mark.parametrize("digits", [b"1" * 5_000, b"1" * 20, b"-1", b"+1", "\u0661".encode(), b""])
def test_a_dead_letter_with_an_impossible_place_is_a_stray(digits: bytes) -> None:
    """However many digits its headers have: it is named, and nothing fails."""
    found = collected(("dead_letter", letter(digits, b"7")), ("dead_letter", letter(b"0", digits)))
    assert [stray.why for stray in found.strays] == ["no dead letter of detector 'gauge'"] * 2


def test_messages_about_records_that_never_were_are_strays() -> None:
    """A partition that the input has not, and an offset behind its end."""
    found = collected(
        ("alert", alert(77, 3)),
        ("alert", alert(0, 20)),
        ("dead_letter", letter(b"1", b"30")),
        ("dead_letter", letter(str(MOST).encode(), b"7")),
    )
    found.settle({0: 20, 1: 30}.get)
    assert [(stray.where, stray.why) for stray in found.strays] == [
        (
            "gauge.alerts, partition 0, offset 1",
            "it is about partition 0, offset 20, but the input ends at 20 there",
        ),
        (
            "gauge.dead_letters, partition 0, offset 2",
            "it is about partition 1, offset 30, but the input ends at 30 there",
        ),
        (
            "gauge.alerts, partition 0, offset 0",
            "it is about partition 77, offset 3, but the input has no such partition",
        ),
        (
            "gauge.dead_letters, partition 0, offset 3",
            f"it is about partition {MOST}, offset 7, but the input has no such partition",
        ),
    ]


def test_what_was_published_while_we_read_is_no_stray() -> None:
    """The log and its partitions grow: what counts is where they end once all is read."""
    found = collected(("alert", alert(0, 25)), ("alert", alert(2, 0)), ("alert", alert(1, 29)))
    found.settle({0: 26, 1: 30, 2: 1}.get)
    assert found.strays == []


def test_what_is_about_another_range_or_topic_is_none_either() -> None:
    """Earlier offsets, partitions that were not asked for, and a topic that had the name before."""
    found = collected(
        ("alert", alert(0, 4)), ("alert", alert(0, 7)), ("alert", alert(0, 10_000, "before"))
    )
    found.settle({0: 20, 1: 30}.get)
    assert found.strays == []
    assert list(found.outputs[0].alerts) == [7]
