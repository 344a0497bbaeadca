"""Which columns of a file the model sees."""

import io
import json
from collections.abc import Iterator

import pytest

from cli.event_columns import choose
from floodline.errors import ConfigurationError
from floodline.events.files.event_file import EventFile
from floodline.events.files.opening import open_events

CSV = b"bytes,duration,host,label\n1,2,a,0\n3,4,b,1\n"


@pytest.fixture
def file() -> Iterator[EventFile]:
    """A CSV with two numeric columns, a text and a label."""
    with open_events("-", "csv", io.BytesIO(CSV)) as opened:
        yield opened


def test_without_a_word_every_numeric_column_but_the_label(file: EventFile) -> None:
    """The label never becomes a feature, and the choice is said."""
    chosen = choose(file, None, None, "label")
    assert chosen.features == ("bytes", "duration")
    assert chosen.said[0] == "features: bytes, duration (every numeric column)"
    assert chosen.said[1].startswith("left out: host: not every one of the first values is")


def test_a_column_called_label_is_left_out_and_that_is_said(file: EventFile) -> None:
    """Without --label too: truth among the features would flatter every score."""
    chosen = choose(file, None, None, None)
    assert chosen.features == ("bytes", "duration")
    assert "'label' is left out" in chosen.said[-1]


def test_flags_go_before_the_configuration(file: EventFile) -> None:
    """--features, then detector.features; `all` is every numeric column."""
    assert choose(file, "duration, bytes", ("bytes",), None).features == ("duration", "bytes")
    assert choose(file, None, ("bytes",), "label").features == ("bytes",)
    assert choose(file, "all", ("bytes",), "label").features == ("bytes", "duration")


@pytest.mark.parametrize(
    ("given", "configured", "label", "message"),
    [
        ("byte,duration", None, None, "--features: stdin has no column 'byte'; did you mean 'b"),
        (None, ("time",), None, "detector.features: stdin has no column 'time'; known: bytes"),
        (None, None, "lable", "--label: stdin has no column 'lable'; did you mean 'label'"),
        ("bytes,label", None, "label", "'label' is the label, which the detector must not see"),
        ("bytes,bytes", None, None, "two columns are called 'bytes'"),
        (",", None, None, "names no column"),
    ],
)  # fmt: skip
def test_a_wrong_choice_is_refused(
    file: EventFile,
    given: str | None,
    configured: tuple[str, ...] | None,
    label: str | None,
    message: str,
) -> None:
    """Each message says which option, which column, and what was perhaps meant."""
    with pytest.raises(ConfigurationError, match=message):
        choose(file, given, configured, label)


def test_a_field_may_come_later_in_json() -> None:
    """A field that the first lines lack is missing there, and said; of none, the name is wrong."""
    with open_events("-", "ndjson", io.BytesIO(b'{"bytes":1}\n')) as file:
        chosen = choose(file, "bytes,byte", None, None)
        assert chosen.features == ("bytes", "byte")
        assert "'byte' is not in the first events" in chosen.said[0]
        with pytest.raises(ConfigurationError, match="did you mean 'bytes'"):
            choose(file, "byte", None, None)


def test_a_file_without_numbers_is_refused() -> None:
    """Nothing to learn from: the columns are listed."""
    with (
        open_events("-", "csv", io.BytesIO(b"host,label\na,0\n")) as file,
        pytest.raises(ConfigurationError, match="name the features with --features"),
    ):
        choose(file, None, None, "label")


def test_too_many_columns_are_one_short_message() -> None:
    """A line with 100,000 numbers: how many there are and how many are taken, not their names."""
    line = json.dumps({f"c{place}": place for place in range(100_000)}).encode()
    with open_events("-", "ndjson", io.BytesIO(line)) as file:
        with pytest.raises(ConfigurationError, match="100,000 columns would be") as caught:
            choose(file, None, None, None)
        assert len(str(caught.value)) < 300
        assert choose(file, "c7,c9", None, None).features == ("c7", "c9")
        with pytest.raises(ConfigurationError, match="and 99,960 more") as caught:
            choose(file, "d", None, None)
    assert len(str(caught.value)) < 1_000
