"""Files of events: every format gives the same rows, and every fault is one clear message."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from floodline.errors import ConfigurationError
from floodline.events.files.event_file import Chunk, Wanted
from floodline.events.files.opening import open_events

NAMES = ("a", "b")
ROWS = [[1.0, 0.1], [2.5, float("nan")], [-3e-300, 1e300], [12345678901234567890.0, 5e-324]]
LABELS = [False, True, False, False]
BOTH = Wanted(features=NAMES, label="label")


def joined(name: Path | str, wanted: Wanted, stdin: bytes = b"", form: str | None = None) -> Chunk:
    """All the chunks of a file as one."""
    with open_events(str(name), form, io.BytesIO(stdin)) as file:
        chunks = list(file.chunks(wanted))
    labels = [chunk.labels for chunk in chunks if chunk.labels is not None]
    events = [chunk.events for chunk in chunks if chunk.events is not None]
    return Chunk(
        numbers=np.concatenate([chunk.numbers for chunk in chunks]),
        rows=np.concatenate([chunk.rows for chunk in chunks]),
        labels=np.concatenate(labels) if labels else None,
        events=[event for some in events for event in some] if events else None,
        invalid=sum(chunk.invalid for chunk in chunks),
    )


def as_csv(folder: Path) -> Path:
    lines = ["a,b,label", "1,0.1,0", "2.5,,1", "-3e-300,1e300,0", "12345678901234567890,5e-324,0"]
    file = folder / "events.csv"
    file.write_text("\n".join(lines))
    return file


def as_ndjson(folder: Path) -> Path:
    events = [
        {"a": 1, "b": 0.1, "label": 0}, {"a": 2.5, "b": None, "label": True},
        {"a": -3e-300, "b": 1e300, "label": 0}, {"a": 12345678901234567890, "b": 5e-324, "label": 0}
    ]  # fmt: skip
    file = folder / "events.ndjson"
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    return file


def as_npz(folder: Path) -> Path:
    file = folder / "events.npz"
    np.savez_compressed(file, X=np.array(ROWS), label=[1], y=LABELS, feature_names=list(NAMES))
    return file


def as_parquet(folder: Path) -> Path:
    columns = list(zip(*ROWS, strict=True))
    file = folder / "events.parquet"
    table = pa.table({"a": columns[0], "b": columns[1], "label": [int(each) for each in LABELS]})
    pq.write_table(table, file)
    return file


def packed(file: Path) -> Path:
    target = file.with_name(file.name + ".gz")
    target.write_bytes(gzip.compress(file.read_bytes()))
    return target


WAYS: dict[str, Callable[[Path], Path]] = {
    "csv": as_csv,
    "csv.gz": lambda folder: packed(as_csv(folder)),
    "ndjson": as_ndjson,
    "ndjson.gz": lambda folder: packed(as_ndjson(folder)),
    "npz": as_npz,
    "parquet": as_parquet,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_format_gives_the_same_bits(way: str, tmp_path: Path) -> None:
    """The same events have the same rows, numbers and labels in every format."""
    wanted = Wanted(features=NAMES, label="y" if way == "npz" else "label")
    found = joined(WAYS[way](tmp_path), wanted)
    np.testing.assert_array_equal(found.rows, np.array(ROWS))
    assert found.rows.flags.c_contiguous
    assert found.labels is not None
    assert found.labels.tolist() == LABELS
    assert found.numbers.tolist() == [0, 1, 2, 3]
    assert found.invalid == 0


@pytest.mark.parametrize("way", WAYS)
def test_columns_and_their_order(way: str, tmp_path: Path) -> None:
    """A file tells its columns and the numeric ones; features come in the order that is asked."""
    file = WAYS[way](tmp_path)
    with open_events(str(file), None, io.BytesIO()) as opened:
        label = "y" if way == "npz" else "label"
        assert opened.columns == ("a", "b", label)
        # In the NDJSON a label is true, which is no number; in the NPZ `y` stands beside X.
        assert set(opened.numeric) - {label} == {"a", "b"}
    found = joined(file, Wanted(features=("b", "a")))
    np.testing.assert_array_equal(found.rows, np.array(ROWS)[:, ::-1])


@pytest.mark.parametrize("way", WAYS)
def test_whole_events_are_carried(way: str, tmp_path: Path) -> None:
    """Where the whole event is wanted, each column of it is there."""
    found = joined(WAYS[way](tmp_path), Wanted(features=("a",), whole=True))
    assert found.events is not None
    assert [set(event) for event in found.events] == [
        {"a", "b", "y" if way == "npz" else "label"}
    ] * 4
    assert [float(event["a"]) for event in found.events] == [row[0] for row in ROWS]
    assert not any(isinstance(event["a"], str) for event in found.events)
    assert float(found.events[0]["b"]) == 0.1


@pytest.mark.parametrize("way", ["csv", "ndjson"])
def test_stdin_reads_as_the_file_does(way: str, tmp_path: Path) -> None:
    """`-` with a format gives what the file gives."""
    piped = joined("-", BOTH, WAYS[way](tmp_path).read_bytes(), way)
    np.testing.assert_array_equal(piped.rows, np.array(ROWS))


def test_a_long_file_comes_in_chunks_and_in_order(tmp_path: Path) -> None:
    """Many blocks of CSV and NDJSON: every row once, in order, with its number."""
    values = np.random.default_rng(1).normal(size=60_000)
    csv, ndjson = tmp_path / "long.csv", tmp_path / "long.ndjson"
    csv.write_text("x,text\n" + "".join(f'{x!r},"a ""b"",\nc"\n' for x in values.tolist()))
    ndjson.write_text("".join(f'{{"x":{x!r}}}\n' for x in values.tolist()))
    for file in (csv, ndjson):
        with open_events(str(file), None, io.BytesIO()) as opened:
            chunks = list(opened.chunks(Wanted(features=("x",))))
            done, size = opened.progress()
        assert len(chunks) > 1
        assert done == size == file.stat().st_size
        np.testing.assert_array_equal(np.concatenate([c.rows for c in chunks])[:, 0], values)
        numbers = np.concatenate([c.numbers for c in chunks])
        np.testing.assert_array_equal(numbers, np.arange(60_000))


CSV_ODDITIES: dict[str, tuple[bytes, list[float]]] = {
    "a byte order mark": (b"\xef\xbb\xbfx,t\n1,a\n", [1.0]),
    "CRLF": (b"x,t\r\n1,a\r\n2,b\r\n", [1.0, 2.0]),
    "quoted commas and newlines": (b'x,t\n"1","a,""\nb"\n2,c\n', [1.0, 2.0]),
    "no newline at the end": (b"x,t\n1,a", [1.0]),
    "blank lines": (b"\n\nx,t\n\n1,a\n\n2,b\n", [1.0, 2.0]),
    "words for missing": (b"x,t\nNaN,a\n,a\nnull,a\n N/A ,a\n4,a\n", [*[np.nan] * 4, 4.0]),
    "spaces and a plus": (b"x,t\n 1 ,a\n+2,b\n", [1.0, 2.0]),
    "huge integers": (b"x,t\n" + b"9" * 300 + b",a\n", [float("9" * 300)]),
    "tabs": (b"x\tt\n1\ta,b\n", [1.0]),
    "semicolons": (b"x;t\n1;a\n", [1.0]),
    "foreign bytes in another column": (b"x,t\n1,\xe9\n2,\xe9\n", [1.0, 2.0]),
}


@pytest.mark.parametrize("odd", CSV_ODDITIES)
def test_csv_oddities_are_read(odd: str) -> None:
    """CSV as it is found."""
    text, values = CSV_ODDITIES[odd]
    found = joined("-", Wanted(features=("x",)), text, "csv")
    np.testing.assert_array_equal(found.rows[:, 0], values)


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def parquet(**columns: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def zipped(member: bytes, packing: int = zipfile.ZIP_STORED) -> bytes:
    """An .npz archive whose X is these bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        archive.writestr("X.npy", member)
    return file.getvalue()


def npy(header: str) -> bytes:
    """A .npy file with this header and nothing behind it."""
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()


def patched(archive: bytes, local: int, central: int, value: int) -> bytes:
    """The archive with two bytes of its member's two descriptions set."""
    found = bytearray(archive)
    for place in (local, archive.index(b"PK\x01\x02") + central):
        found[place : place + 2] = value.to_bytes(2, "little")
    return bytes(found)


def damaged(packing: int) -> bytes:
    """An archive whose packed numbers were overwritten."""
    found = bytearray(zipped(npz(X=np.arange(99.0)), packing))
    found[60:120] = b"\xff" * 60
    return bytes(found)


HEADER = "{'descr': '<f8', 'fortran_order': False, 'shape': %s}"
FAULTS: dict[str, tuple[str, bytes, str]] = {
    "empty csv": ("f.csv", b"", "has no events"),
    "header alone": ("f.csv", b"x,label\n", "has no events"),
    "empty ndjson": ("f.ndjson", b"\n \n", "has no events"),
    "word in csv": ("f.csv", b"x,label\n1,0\nabc,0\n", "row 1 .*column 'x': 'abc' is not a finite"),
    "infinity in csv": ("f.csv", b"x,label\n1e400,0\n", "row 0 .*'1e400' is not a finite"),
    "underscore in csv": ("f.csv", b"x,label\n1_000,0\n", "'1_000' is not a finite"),
    "ragged csv": ("f.csv", b"x,label\n1,0\n\n2\n", "row 1 .*has 1 cells.*header has 2"),
    "twice the same column": ("f.csv", b"x,x,label\n1,2,0\n", "two columns are called 'x'"),
    "no header": ("f.csv", b"1.5,0\n2.5,0\n", "numbers only; put a header"),
    "UTF-16": ("f.csv", "x,label\n1,0\n".encode("utf-16"), "not UTF-8"),
    "a cell of megabytes": ("f.csv", b"x,label\n1," + b"9" * 3_000_000, "cannot be read as CSV"),
    "a label of 2": ("f.csv", b"x,label\n1,0\n1,2\n", "row 1 .*label 'label' is '2'"),
    "no label in a row": ("f.csv", b"x,label\n1,0\n1,\n", "row 1 .*label 'label' is missing"),
    "no gzip": ("f.csv.gz", b"x,label\n1,0\n", "gzip data is damaged"),
    "half a gzip": ("f.csv.gz", gzip.compress(b"x,label\n1,0\n" * 99)[:-12], "gzip data is dam"),
    "bad JSON": ("f.ndjson", b'{"x":1,"label":0}\n\n{"x"\n', "line 3: the value is not a JSON"),
    "JSON list": ("f.jsonl", b"[1]\n", "line 1: the value is not a JSON object"),
    "text in JSON": ("f.ndjson", b'{"x":"1","label":0}\n', "line 1: feature 'x' is a str"),
    "true in JSON": ("f.ndjson", b'{"x":true,"label":0}\n', "line 1: feature 'x' is a bool"),
    "no label in a line": ("f.ndjson", b'{"x":1}\n', "label 'label' is missing"),
    "no archive": ("f.npz", b"garbage", "no .npz archive"),
    "pickled": ("f.npz", npz(X=np.array([[{}]], dtype=object)), "Python objects"),
    "no X": ("f.npz", npz(rows=np.zeros((2, 2))), "holds the arrays rows, but no 'X'"),
    "X of text": ("f.npz", npz(X=np.array([["a"]])), "must hold numbers"),
    "X of three dimensions": ("f.npz", npz(X=np.zeros((2, 2, 2))), "must hold numbers"),
    "X without rows": ("f.npz", npz(X=np.zeros((0, 2))), "has no events"),
    "too few names": ("f.npz", npz(X=np.zeros((2, 2)), feature_names=["a"]), "need 2 names"),
    "y too short": ("f.npz", npz(X=np.zeros((2, 2)), y=[1]), "'X' has 2 rows"),
    "damaged npz": ("f.npz", npz(X=np.ones((99, 9))).replace(b"\xf0?" * 1, b"\xf1?"), "damaged"),
    "encrypted": ("f.npz", patched(zipped(b"x"), 6, 8, 1), "array 'X' is encrypted; save it with"),
    "unknown packing": ("f.npz", patched(zipped(b"x"), 8, 10, 77), "array 'X' is packed in a way"),
    "unknown zip": ("f.npz", patched(zipped(b"x"), 4, 6, 99), "packed in a way that is not read"),
    "damaged LZMA": ("f.npz", damaged(zipfile.ZIP_LZMA), "array 'X' is damaged"),
    "damaged bzip2": ("f.npz", damaged(zipfile.ZIP_BZIP2), "array 'X' is damaged"),
    "half an npz": ("f.npz", npz(X=np.ones((99, 9)))[:900], "only a part of one"),
    "half an array": ("f.npz", zipped(npy(HEADER % "(9, 9)")), "array 'X' is damaged .EOF"),
    "empty array": ("f.npz", zipped(b""), "array 'X' is damaged .EOF"),
    "no npy": ("f.npz", zipped(b"hello there"), "array 'X' is damaged .the magic string"),
    "npy without a header": ("f.npz", zipped(npy("\x00")), "array 'X' is damaged"),
    "open header": ("f.npz", zipped(npy("(" * 4_000)), "array 'X' is damaged"),
    "keys of two kinds": ("f.npz", zipped(npy(HEADER % "(1,), 1: 2")), "array 'X' is damaged"),
    "type that is none": ("f.npz", zipped(npy("{'descr': ','}")), "array 'X' is damaged"),
    "too large": ("f.npz", zipped(npy(HEADER % "(9999999999999, 3)")), "does not fit into memory"),
    "names of bytes": (
        "f.npz", npz(X=np.zeros((1, 1)), feature_names=[b"\xff"]), "bytes that are no ASCII",
    ),
    "a header of megabytes": ("f.csv", b"x," * 600_000 + b"\n1", "longer than 1,048,576 bytes"),
    "a line of megabytes": (
        "f.ndjson", b'{"x": "' + b" " * 16_000_000 + b'"}\n', "line 1: the line is longer than",
    ),
    "nested without end": (
        "f.ndjson", b'{"x":' * 100_000 + b"1" + b"}" * 100_000, "line 1: .* nested more than 100",
    ),
    "no parquet": ("f.parquet", b"garbage", "cannot be read as Parquet"),
    "parquet without rows": ("f.parquet", parquet(x=pa.array([], pa.float64())), "has no events"),
    "word in parquet": ("f.parquet", parquet(x=["1", "b"], label=[0, 0]), "row 1 .*'b' is not"),
    "infinity in parquet": ("f.parquet", parquet(x=[1.0, np.inf], label=[0, 0]), "row 1 .*inf is"),
    "unknown ending": ("f.txt", b"x\n1\n", r"ending does not tell.*--format"),
    "packed parquet": ("f.parquet.gz", b"", r"ending does not tell"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_says_what_and_where(fault: str, tmp_path: Path) -> None:
    """A file that is not what it should be gives one message with its name and the place."""
    name, content, message = FAULTS[fault]
    file = tmp_path / name
    file.write_bytes(content)
    wanted = Wanted(features=("x0",) if name == "f.npz" else ("x",), label="label")
    with pytest.raises(ConfigurationError, match=message) as caught:
        joined(file, wanted)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "kept", "left_out"),
    [
        ("f.csv", b"x,t\n1,a\nw,b\n3\n4,c\n5,d,e\n6,f\n7\n", [0, 3, 5], 4),
        ("f.ndjson", b'{"x":1}\nno\n\n{"x":"w"}\n{"x":4}\n', [0, 3], 2),
        ("f.parquet", parquet(x=["1", "w", "3"]), [0, 2], 1),
        ("f.npz", npz(X=np.array([1.0, np.inf, 3.0]), feature_names=["x"]), [0, 2], 1),
    ],
)
def test_invalid_events_are_left_out_on_request(
    name: str, content: bytes, kept: list[int], left_out: int, tmp_path: Path
) -> None:
    """With `skip_invalid` they are counted, and the others keep their rows' numbers."""
    file = tmp_path / name
    file.write_bytes(content)
    found = joined(file, Wanted(features=("x",), skip_invalid=True))
    assert found.numbers.tolist() == kept
    assert len(found.rows) == len(kept)
    assert found.invalid == left_out


def test_missing_fields_of_json_are_missing_values() -> None:
    """A field that a line lacks is NaN; a field of an object is named with a dot."""
    lines = b'{"x":1,"a":{"b":2}}\n{"a":{"b":3}}\n{"x":null,"a":7}\n'
    with open_events("-", "ndjson", io.BytesIO(lines)) as file:
        assert file.columns == ("x", "a.b", "a")
    found = joined("-", Wanted(features=("x", "a.b")), lines, "ndjson")
    np.testing.assert_array_equal(found.rows, [[1, 2], [np.nan, 3], [np.nan, np.nan]])


def test_parquet_of_structs_and_other_types(tmp_path: Path) -> None:
    """A field of a struct is named with a dot; integers, decimals and dictionaries are numbers."""
    file = tmp_path / "f.parquet"
    columns = {
        "s": pa.array([{"a": 1, "b": "x"}, {"a": None, "b": "y"}]),
        "i": pa.array([2**63, None], pa.uint64()),
        "flag": [True, False],
        "c.d": [0.5, 1.5],
    }
    pq.write_table(pa.table(columns), file)
    with open_events(str(file), None, io.BytesIO()) as opened:
        assert opened.columns == ("s.a", "s.b", "i", "flag", "c.d")
        assert opened.numeric == ("s.a", "i", "c.d")
    found = joined(file, Wanted(features=("s.a", "i", "c.d"), label="flag"))
    np.testing.assert_array_equal(found.rows, [[1, 2.0**63, 0.5], [np.nan, np.nan, 1.5]])


def test_numeric_columns_are_seen_from_the_start_of_the_file() -> None:
    """Text, truth values, columns without a name and columns without a value are no numbers."""
    text = b",x,word,flag,none\n0,1,a,true,\n1,,b,false,\n"
    with open_events("-", "csv", io.BytesIO(text)) as file:
        assert file.columns == ("", "x", "word", "flag", "none")
        assert file.numeric == ("x",)


def test_a_missing_file_and_a_folder_are_said(tmp_path: Path) -> None:
    """No such file, and a folder in its place."""
    for form in ("csv", "npz", "parquet", "ndjson"):
        with pytest.raises(ConfigurationError, match="there is no such file"):
            joined(tmp_path / "none", BOTH, form=form)
        with pytest.raises(ConfigurationError, match=r"cannot be read|Is a directory"):
            joined(tmp_path, BOTH, form=form)
    with pytest.raises(ConfigurationError, match="cannot be read from a pipe"):
        joined("-", BOTH, form="npz")
    with pytest.raises(ConfigurationError, match="say with --format"):
        joined("-", BOTH)


def test_a_line_that_is_too_long_is_one_line() -> None:
    """The lines behind it keep their numbers, and it counts once."""
    text = b'{"x":1}\n{"x":2,"y":"' + b" " * 33_000_000 + b'"}\n{"x":3}\n'
    found = joined("-", Wanted(features=("x",), skip_invalid=True), text, form="ndjson")
    assert found.numbers.tolist() == [0, 2]
    assert found.invalid == 1
