"""Rows 11 to 13: values that no detector can score, between values that it can."""

import json
import random
from collections.abc import Iterator
from itertools import islice

import psutil
from confluent_kafka import Producer

from tests.faults.fleet import Fleet
from tests.faults.site import PARTITIONS, Effort, Site
from tests.faults.verdict import Verdict
from tests.fixtures.seeded_events import seeded_events

GOOD = b'{"x": 5.0, "y": 5.0, "z": 5.0}'
BOMB_BYTES = 9_000_000
MOST_BYTES = 900_000_000
NUMBERS = (
    *(b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e400", b'"1.5"', b'"NaN"', b"true", b"null"),
    *(b"[]", b"{}", b"[1]", b"0x10", b"01", b"+1", b"1.", b".5", b"1e", b"--1", b"1_000", b"1,0"),
    *(
        b"9" * 5_000,
        b"1" * 400,
        b"-" * 3_000,
        b"1" + b"0" * 309,
        b"\xff",
        b"\xc3\x28",
        b"\xef\xbb\xbf1",
    ),
)
HARMLESS_NUMBERS = (
    b"1e308",
    b"-1e308",
    b"5e-324",
    b"-0.0",
    b"0",
    b"1E+2",
    b"123456789012345678901",
)
REFUSED = (
    None,
    *(b"", b" ", b"{", b"}", b"null", b"[]", b"1", b'"text"', b"\x00", b"\xff\xfe", b"not json"),
    *(b"\xef\xbb\xbf" + GOOD, GOOD[:-1], GOOD + b"x", GOOD + GOOD, GOOD.replace(b'"', b"'")),
    *(b"[" * 100_000, b'{"x": ' * 100_000, b'{"x": 5.0, "y": 5.0, "z": ' + b"[" * 50_000),
    GOOD.replace(b'"x"', b'"X"'),  # a feature was renamed
    GOOD.replace(b'"x": 5.0, ', b""),
    GOOD.decode().encode("utf-16"),
)
TAKEN = (
    b'{"z": 5.0, "y": 5.0, "x": 5.0}',  # another order
    b'{"x": 1.0, "x": 5.0, "y": 5.0, "z": 5.0}',  # twice
    b'{"\\u0078": 5.0, "y": 5.0, "z": 5.0}',  # escaped
    b'{"x": 5.0, "y": 5.0, "z": 5.0, "new": [1, {"deep": null}], "text": "\\ud83d\\ude00"}',
    b'\n{"x" :5.0,\t"y": 5.0 , "z":5.0}\r\n',
    *(GOOD.replace(b"5.0", number, 1) for number in HARMLESS_NUMBERS),
)


def poison(draw: random.Random) -> Iterator[tuple[bytes | None, bool]]:
    """Values and whether they are refused: each of the lists once, then as many drawn anew."""
    refused: list[bytes | None] = [
        *REFUSED,
        *(GOOD.replace(b"5.0", number, 1) for number in NUMBERS),
    ]
    listed = [*((value, True) for value in refused), *((value, False) for value in TAKEN)]
    draw.shuffle(listed)
    yield from listed
    for _ in listed:
        mangled = bytearray(GOOD)
        mangled[draw.randrange(len(GOOD))] = draw.randrange(256)
        yield bytes(mangled), False  # whether it is refused is the oracle's to say


def test_poison_between_good_events(site: Site, effort: Effort, verdict: Verdict) -> None:
    """What cannot be scored is dead-lettered in its transaction; the events around it are not."""
    draw = random.Random(site.seed)
    good = seeded_events(site.seed)
    values: list[bytes | None] = []
    must: list[bytes | None] = []
    for _ in range(int(effort.of(1, 20))):
        for value, refused in poison(draw):
            values += [*islice(good, draw.randint(1, 6)), value]
            must += [value] if refused else []
    keys = [str(number % 997).encode() for number in range(len(values))]
    with Fleet(site.config) as fleet:
        member = fleet.start("one")
        member.wait_running(PARTITIONS)
        site.topics.produce(site.events_topic, values, keys=keys)
        send_bombs(site)
        fleet.wait_committed(site.outcome, 120.0)
        assert psutil.Process(member.process.pid).memory_info().rss < MOST_BYTES
        fleet.stop_all()
    expected = verdict.account(site.outcome)
    dead = {(p, o) for p, each in expected.items() for o in each.dead_letters}
    taken = [
        value
        for partition, records in site.outcome.events().items()
        for offset, value in records
        if (partition, offset) not in dead
    ]
    wrongly = [value for value in set(must) if value in set(taken)]
    assert not wrongly, f"scored, but no event: {[(value or b'')[:60] for value in wrongly]}"


def send_bombs(site: Site) -> None:
    """Records that are small on the wire and large in memory: one poison, one a good event."""
    producer = Producer(
        {
            "bootstrap.servers": site.topics.bootstrap_servers,
            "compression.type": "zstd",
            "message.max.bytes": 2 * BOMB_BYTES,
        }
    )
    padded = json.dumps({"x": 5.0, "y": 5.0, "z": 5.0, "pad": " " * BOMB_BYTES}).encode()
    for value in (b" " * BOMB_BYTES, padded):
        producer.produce(site.events_topic, value, key=b"bomb")
        assert producer.flush(30) == 0
