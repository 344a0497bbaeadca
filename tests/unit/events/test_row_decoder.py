"""Rows from a batch's bytes: equal to one event at a time, whatever stands in them."""

import gc
import json
import math
import struct
import time
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floodline.errors import InvalidEvent
from floodline.events.decoding import LONGEST_ENTITY, Schema, decode_event
from floodline.events.kernels.rows import parse_rows
from floodline.events.row_decoder import RowDecoder, Values

SCHEMAS = (
    Schema(features=("y", "x")),
    Schema(features=("x",), entity="who"),
    Schema(features=("x", "a.b", "größe"), entity="a.who", missing={"a.b": "ignore"}),
    Schema(features=("x", "y"), entity="x", missing={"x": -0.0, "y": "ignore"}),
    Schema(features=("a rather long name", "a rather long mane", "x"), missing={"x": 2.5}),
    Schema(features=('"x"', "y\n", "x\\", "x"), missing={'"x"': 1.0, "y\n": 2.0, "x\\": 3.0}),
)
KEYS = sorted({name for schema in SCHEMAS for name in (*schema.features, str(schema.entity))})
DECODERS = [(RowDecoder(schema), schema) for schema in SCHEMAS]


def one_by_one(
    values: Values, schema: Schema
) -> tuple[list[list[bytes]], list[int], dict[int, tuple[str, str, str | None]]]:
    """The rows, to the bit, the places and the faults that `decode_event` gives."""
    rows, places, faults = [], [], {}
    for place, value in enumerate(values):
        try:
            features = decode_event(value, schema).features
        except InvalidEvent as error:
            faults[place] = (error.reason, error.detail, error.field)
        else:
            row = [features.get(name, math.nan) for name in sorted(schema.features)]
            rows.append([struct.pack("<d", number) for number in row])
            places.append(place)
    return rows, places, faults


def check(decoder: RowDecoder, schema: Schema, values: Values) -> None:
    found = decoder.decode(values)
    assert found.rows.dtype == np.float64
    assert found.rows.flags.c_contiguous
    assert found.rows.shape == (len(found.places), len(schema.features))
    rows = [[struct.pack("<d", number) for number in row] for row in found.rows.tolist()]
    faults = {at: (error.reason, error.detail, error.field) for at, error in found.faults.items()}
    assert (rows, found.places.tolist(), faults) == one_by_one(values, schema)


def check_all(values: Values) -> None:
    """Against every schema, with decoders that have seen other batches."""
    for decoder, schema in DECODERS:
        check(decoder, schema, values)


DIGITS = st.text("0123456789", min_size=1, max_size=25)
DOUBLES = st.integers(0, 2**64 - 1).map(
    lambda bits: float(struct.unpack("<d", struct.pack("<Q", bits))[0])
)
FINITE = (DOUBLES | st.floats(-1e6, 1e6)).filter(math.isfinite)
HALVES = st.builds(
    lambda odd, power, shift: (
        str((2 * odd + 1) * 2**shift * 5**power) + (f"e-{power}" if power else "")
    ),
    st.integers(2**52, 2**53 - 1),
    st.integers(0, 4),
    st.integers(0, 4),
)
NUMBERS = st.one_of(
    st.builds(lambda form, number: form % number, st.sampled_from(["%.17g", "%.6f"]), FINITE),
    FINITE.map(repr),
    st.floats(1e-308, 3e-308).map(repr),
    st.integers(-300, 300).map(lambda near: f"{22250738585072011360 // 10 + near}e-326"),
    st.integers(-30, 30).map(lambda near: f"{17976931348623158079 // 10 + near}e290"),
    st.integers().map(str),
    st.integers(-(10**30), 10**30).map(str),
    st.integers(0, 400).map(lambda digits: "9" * digits),
    st.integers(-40, 40).map(lambda near: str(2**63 + near)),
    st.integers(-40, 40).map(lambda near: str(2**64 + near)),
    HALVES,
    st.builds(
        "".join,
        st.tuples(
            st.sampled_from(["", "-", "+", "0", "-0"]),
            DIGITS,
            st.just("") | DIGITS.map(".{}".format),
            st.just("")
            | st.builds("{}{}{}".format, st.sampled_from("eE"), st.sampled_from(["", "+", "-"]),
                        st.integers(0, 400) | DIGITS),
        ),
    ),
    st.sampled_from(["-0", "-0.0", "0e99999999999999999999", "1e", "1.", ".5", "-", "0x1", "NaN"]),
)  # fmt: skip
WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
STRINGS = st.one_of(
    st.text('\\u/"bnDdf08cCq', max_size=12).map(lambda word: f'"{word}"'),
    st.integers(0, 0xFFFF).map(lambda letter: f'"\\u{letter:04x}w\\u{letter:04X}"'),
    WORDS.map(json.dumps),
    WORDS.map(lambda word: json.dumps(word, ensure_ascii=False)),
    WORDS.map(lambda word: f'"{word}"'),
    st.integers(LONGEST_ENTITY - 1, LONGEST_ENTITY + 1).map(lambda size: f'"{"w" * size}"'),
)
OTHERS = st.sampled_from(
    ["null", "true", "false", "nul", "truth", "fals", "{}", "[]", '{"b":1}', '{"b":null,"who":"z"}',
     "[1,{}]", '"a\\u00e9"', '"\\ud800"', "", "nullx"]
)  # fmt: skip
SPACES = st.text(" \t\n\r", max_size=3)
GAPS = st.one_of(*(7 * [st.just("")]), SPACES, st.sampled_from(["\x0c", "\x00", "\u00a0"]))


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """A JSON object, mostly right, of wanted and other keys in any order."""
    keys = draw(st.permutations(KEYS))[: draw(st.integers(0, len(KEYS)))]
    keys = ["x", "y", *keys] if draw(st.booleans()) else keys
    values = draw(st.sampled_from([NUMBERS, NUMBERS | STRINGS | OTHERS]))
    fields = []
    for key in [*keys, *draw(st.lists(WORDS, max_size=2))]:
        name = json.dumps(key, ensure_ascii=draw(st.booleans()))
        parts = (draw(GAPS), name, draw(GAPS), ":", draw(GAPS), draw(values), draw(GAPS))
        fields.append("".join(parts))
    gap = draw(GAPS)
    return f"{gap}{{{gap}{','.join(fields)}}}{gap}".encode(errors="surrogatepass")


@st.composite
def damaged(draw: st.DrawFn) -> bytes | None:
    """A value that is cut off, changed in a byte, or something else altogether."""
    value = draw(objects())
    at = draw(st.integers(0, max(len(value) - 1, 0)))
    return draw(
        st.sampled_from(
            [value[:at], value[at:], value[:at] + draw(st.binary(max_size=2)) + value[at + 1 :],
             value + b",", value + value, None, b"", b" ", b"{}", b"{", b"[]", b"null"]
        )
    )  # fmt: skip


@given(st.lists(objects() | damaged(), max_size=6))
@settings(max_examples=200, deadline=None)
def test_rows_and_faults_are_those_of_one_event_at_a_time(values: Sequence[bytes | None]) -> None:
    """Any batch gives the rows, to the bit, and the faults that `decode_event` gives."""
    check_all(values)


@given(st.lists(NUMBERS, min_size=1, max_size=40))
@settings(max_examples=500, deadline=None)
def test_every_number_is_the_same_double(numbers: list[str]) -> None:
    """Any text in a number's place gives the same bits or the same fault."""
    values = [f'{{"x":{number},"t":{number}}}'.encode() for number in numbers]
    check(*DECODERS[1], values)


def ties(power: int) -> list[str]:
    """Numbers times 10 to this power, some exactly between two doubles, too long for exact ones."""
    five = 5 ** abs(power)
    texts = []
    for odd in range(1, 40, 2):
        if power <= 0:
            digits = (2**53 + odd) * five
        else:
            digits = (2**53 // five + 1) // 2 * 2 + odd
            digits *= 2 ** max(54 - digits.bit_length() + 1, 0)
        texts.append(f"{digits}e{power}")
    return texts


@pytest.mark.parametrize("power", range(-4, 24))
def test_ties_go_to_the_even_double(power: int) -> None:
    """Between two doubles, the even one is taken, as Python does."""
    decoder, schema = DECODERS[1]
    batch = [f'{{"x":{text}}}'.encode() for text in ties(power)]
    check(decoder, schema, batch)
    assert parse_rows(decoder._batch(batch), decoder._keys) == 0


BYTES = st.one_of(
    st.binary(max_size=5),
    st.integers(0, 0x10FFFF).map(lambda letter: chr(letter).encode(errors="surrogatepass")),
    st.lists(st.integers(0x7E, 0xFF), max_size=5).map(bytes),
    st.builds(
        lambda first, rest: bytes([first, *rest]),
        st.sampled_from([0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5]),
        st.lists(st.sampled_from([0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0]), max_size=3),
    ),
)


@given(st.lists(st.lists(BYTES, max_size=4).map(b"".join), min_size=1, max_size=40))
@settings(max_examples=500, deadline=None)
def test_every_string_is_taken_or_refused_alike(strings: list[bytes]) -> None:
    """Any bytes between quotes are the same fault, or none, in a value and in a name."""
    decoder, schema = DECODERS[1]
    check(decoder, schema, [b'{"x":1,"t":"%b"}' % string for string in strings])
    check(decoder, schema, [b'{"x":1,"%b":2}' % string for string in strings])


def event(**fields: object) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def test_a_text_cut_off_does_not_run_on_into_the_next() -> None:
    """Texts that only together make an event are faults each."""
    whole = b'{"y":1.5,"x":25,"t":"ab"}'
    for cut in range(len(whole) + 1):
        check_all([event(x=1, y=2), whole[:cut], whole[cut:], whole])
    check_all(
        [b'{"x":1', b',"y":2}', b'{"x":1,"y":2', b"3}", b"{", b'"x":1,"y":2}', b'{"x":1,"y":2}']
    )


def test_an_empty_batch_gives_no_rows() -> None:
    """No records are no rows and no faults."""
    check_all([])
    check_all([None])


def test_large_values() -> None:
    """Ten megabytes in a name, a text, a number, spaces, or a list are taken or refused as ever."""
    much = 10_000_000
    check(
        *DECODERS[0],
        [
            b'{"x":1,"y":2,"t":"' + b"t" * much + b'"}',
            b'{"x":1,"y":2,"' + b"t" * much + b'":1}',
            b'{"x":1,"y":0.' + b"3" * much + b"}",
            b'{"x":1,"y":' + b"3" * much + b"}",
            b'{"x":1,' + b" " * much + b'"y":2}',
            b" " * much,
            b'{"x":1,"y":2,"t":[' + b"1," * much + b"1]}",
            b'{"x":1,"y":2,"t":"' + b"t" * much,
            b'{"x":1,"y":2}',
        ],
    )


def test_texts_of_white_space_are_read_once() -> None:
    """Texts of nothing but white space take time by their length, not by that of all behind."""
    values = [b" " * 100_000 for _ in range(300)]
    started = time.process_time()
    assert len(DECODERS[0][0].decode(values).faults) == 300
    assert time.process_time() - started < 2.0
    check_all([b' {"x":1,"y":2}\n', b'\n{"x":1,"y":2} ', b"\n", b" {", b'"x":1,"y":2}', b" "])


def test_nothing_compiles_after_the_first_batch() -> None:
    """Every schema and every batch is of the same types, so preparation covers them all."""
    check_all([b'{"x":1,"y":2}'])
    check_all([])
    kernel: Any = parse_rows
    assert len(kernel.signatures) == 1


def test_many_features_in_any_order() -> None:
    """With 300 features, each is found in whatever order it comes."""
    schema = Schema(features=tuple(f"sensor_number_{number}" for number in range(300)))
    decoder = RowDecoder(schema)
    draw = np.random.default_rng(5)
    for _ in range(5):
        names = draw.permutation(schema.features).tolist()
        check(decoder, schema, [event(**dict.fromkeys(names, 0.1)), event(**{names[0]: 7.25})])
        check(decoder, schema, [event(**{name: draw.random() for name in names}) for _ in range(3)])


@pytest.mark.parametrize("features", [(), ("x",)])
def test_a_schema_of_few_fields(features: tuple[str, ...]) -> None:
    """A schema without an entity, or even without features, decodes too."""
    schema = Schema(features=features)
    check(
        RowDecoder(schema), schema, [b"{}", b'{"x":1}', b'{"x":"1"}', b'{"":1}', b"{", b'{"x":1,}']
    )


USUAL = (
    '{"x":1,"y":2,"t":"\u00fc\u20ac\U0001f30a","\u00fc":0}',
    '{"x":1,"y":2,"t":"say \\"\\u00FC\\"\\n\\\\"}',
    '{"x":1,"y":2}',
    ' {\n"y" : -2.5e-3 , "t" : "text", "x":\t0.1 }\r\n',
    '{"t":true,"x":1e22,"u":false,"y":-0.0,"v":null}',
    '{"x":1234567890123456789e-20,"y":0.00000000000000000000000000001}',
    '{"x":1.7976931348623157e308,"y":2.2250738585072014e-308}',
    '{"x":9999999999999999999,"y":-9223372036854775809}',
)
UNUSUAL = (
    '{"x":1,"y":2,"x":1}',
    '{"x":1,"y":2,"t":"\\ud83c\\udf0a"}',
    '{"x":1,"\\u0079":2}',
    '{"x":1,"y":2,"t":{}}',
    '{"x":10000000000000000000,"y":2}',
    '{"x":1e-310,"y":2}',
    '{"x":null,"y":2}',
)


@pytest.mark.parametrize(
    ("text", "usual"), [(t, True) for t in USUAL] + [(t, False) for t in UNUSUAL]
)
def test_what_the_compiled_pass_takes(text: str, usual: bool) -> None:
    """Flat objects of plain numbers and texts never become Python objects; the others do."""
    decoder, schema = DECODERS[0]
    batch = decoder._batch([text.encode()])
    assert parse_rows(batch, decoder._keys) == (not usual)
    check(decoder, schema, [text.encode()])


HOSTILE = (
    b'{"x":1,"t":"%b"}' % string
    for string in (
        b"\\ud800", b"\\udbff", b"\\udc00", b"\\uDFFF", b"\\u12g4", b"\\u12", b"\\x41", b"\\",
        b"\xed\xa0\x80", b"\xed\x9f\xbf", b"\xf4\x90\x80\x80", b"\xf4\x8f\xbf\xbf",
        b"\xf0\x8f\xbf\xbf", b"\xe0\x9f\xbf", b"\xc1\xbf", b"\xc3", b"\xe2\x82",
        b"\xff\\n", b"\\nabc\xff", b"\x1f", b"\x7f", b"\x00",
        b"longer than eight bytes\x1f", b"longer than eight bytes \xc3\xa9",
    )
)  # fmt: skip
SPACED = (b'{"x":1%b}' % space for space in (b"\x0c", b"\x0b", b"\xa0", b"\x00", b" \t\r\n"))
LONG = (
    b'{"x":1,"who":"%b"}' % (letter * size)
    for letter in (b"w", b"\xc3\xa9", b"\\n")
    for size in (LONGEST_ENTITY - 1, LONGEST_ENTITY, LONGEST_ENTITY + 1)
)


@pytest.mark.parametrize("value", [*HOSTILE, *SPACED, *LONG])
def test_what_is_nearly_right(value: bytes) -> None:
    """Texts at the edge of what JSON, UTF-8 and an entity allow are taken or refused alike."""
    check(*DECODERS[1], [value])


def test_faults_hold_no_traceback() -> None:
    """What a fault names stays, the batch it came from does not."""
    fault = RowDecoder(SCHEMAS[0]).decode([b"{"]).faults[0]
    assert fault.__traceback__ is None


class Batch(list[bytes]):
    """A batch whose end can be seen."""


def test_faults_keep_nothing_of_their_batch_alive() -> None:
    """A record that cannot be read leaves no circle behind that holds the batch it came in."""
    decoder, _ = DECODERS[0]
    batch = Batch([b'{"x":', b'{"x": 1, "y": "a"}', b'{"x": 1, "y": 2}'])
    seen = weakref.ref(batch)
    gc.disable()
    try:
        faults = decoder.decode(batch).faults
        del batch
        assert len(faults) == 2
        assert seen() is None
    finally:
        gc.enable()
