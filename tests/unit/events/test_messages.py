"""What travels on our topics: read back as written, refused where it is something else."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from floodline.detection.explanation import Explanation, FeatureContribution
from floodline.detection.parameters import RiverProfile
from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.messages import (
    LARGEST_NUMBER,
    Alert,
    Change,
    Coordinates,
    LabelMessage,
    ModelRef,
    Release,
    alert_id,
    cloud_event_headers,
    decode,
    encode,
)

finite = st.floats(allow_nan=False, allow_infinity=False)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
maybe = st.one_of(st.none(), text)
count = st.integers(0, 2**60)
coordinates = st.builds(Coordinates, topic=text, topic_id=text, partition=count, offset=count)
rules = st.one_of(
    st.floats(0, 1).map(lambda score: ThresholdRule(score=score)),
    st.floats(0, 1, exclude_min=True, exclude_max=True).map(
        lambda rarity: ThresholdRule(rarity=rarity)
    ),
)
models = st.builds(
    ModelRef,
    parameters=st.builds(RiverProfile, trees=count, height=count, window=count, seed=count),
    state_sha256=text,
    mlflow_run_id=maybe,
    mlflow_version=maybe,
)
releases = st.builds(
    Release,
    number=st.integers(0, LARGEST_NUMBER),
    detector=text,
    kind=text,
    threshold=rules,
    reason=text,
    made_by=text,
    created_at=text,
    model=st.one_of(st.none(), models),
)
payloads = st.dictionaries(
    text, st.one_of(st.none(), st.booleans(), count, finite, text, st.lists(finite)), max_size=4
)
contributions = st.builds(
    FeatureContribution,
    feature=text,
    value=st.one_of(st.none(), finite),
    low=st.one_of(st.none(), finite),
    high=st.one_of(st.none(), finite),
    contribution=finite,
)
alerts = st.builds(
    Alert,
    id=text,
    detector=text,
    coordinates=coordinates,
    timestamp=st.integers(-1, 2**60),
    key=maybe,
    entity=maybe,
    score=finite,
    rarity=finite,
    threshold=finite,
    release=count,
    features=st.dictionaries(text, finite, max_size=4),
    event=st.one_of(st.none(), payloads),
    explanation=st.one_of(
        st.none(),
        st.builds(
            Explanation,
            unit=text,
            total=finite,
            contributions=st.lists(contributions, max_size=3).map(tuple),
            leaves=st.binary(max_size=20),
        ),
    ),
    provisional=st.booleans(),
)
changes = st.builds(
    Change, detector=text, coordinates=coordinates, fresh=st.booleans(), release=releases
)
labels = st.builds(
    LabelMessage,
    id=text,
    alert_id=text,
    detector=text,
    verdict=text,
    reason=maybe,
    note=maybe,
    analyst=text,
    created_at=text,
    supersedes=maybe,
    score=finite,
    release=count,
)


@given(st.one_of(alerts, changes, releases, labels))
def test_what_is_written_is_read(message: Alert | Change | Release | LabelMessage) -> None:
    """Each message comes back equal, its floats to the bit, from the same bytes each time."""
    data = encode(message)
    kind: Any = type(message)
    again = decode(data, kind)
    assert again == message
    assert encode(again) == data


@given(st.binary(max_size=100))
def test_other_bytes_are_refused(data: bytes) -> None:
    """Bytes that are no message raise one type of error."""
    with pytest.raises(msgspec.MsgspecError):
        decode(data, Release)


RELEASE = (
    b'{"number": 1, "detector": "d", "kind": "k", "threshold": {"score": 1}, "reason": "",'
    b' "made_by": "", "created_at": ""}'
)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"null",
        b'{"number": 1}',
        RELEASE.replace(b": 1,", b': "1",', 1),
        RELEASE.replace(b'{"score": 1}', b"{}"),
        RELEASE.replace(b'"d"', b'"d\xff"'),
        b'{"x":' + b"[" * 100_000,
    ],
)
def test_a_release_that_is_none_is_refused(data: bytes) -> None:
    """Missing fields, other types, no threshold, bad UTF-8 and deep nesting are refused."""
    with pytest.raises(msgspec.MsgspecError):
        decode(data, Release)


def test_a_field_of_a_later_version_is_passed_over() -> None:
    """A reader of this version reads messages to which a later one added a field."""
    data = RELEASE.replace(b"}", b'}, "later": [1]', 1)
    assert decode(data, Release).number == 1


def test_an_alerts_id_is_its_events_place() -> None:
    """The same event gives the same id; topic names may hold dashes."""
    assert alert_id("gauge-1", "tid", 3, 14) == "gauge-1-tid-3-14"


def test_headers_are_cloud_events() -> None:
    """Attributes travel as headers in binary mode."""
    assert cloud_event_headers(id="i", kind="alert", source="floodline/gauge") == [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"i"),
        ("ce_type", b"floodline.alert.v1"),
        ("ce_source", b"floodline/gauge"),
        ("content-type", b"application/json"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        b'"number": 2147483648',
        b'"number": -1',
        b'"threshold": {"rarity": 1e300}',
        b'"threshold": {"rarity": 0}',
        b'"threshold": {"score": -5}',
        b'"threshold": {"score": 1.5}',
        b'"threshold": {}',
    ],
)
def test_a_release_out_of_bounds_is_no_release(change: bytes) -> None:
    """A release whose number or threshold means nothing cannot be decoded, so it is left aside."""
    given = {"number": b"1", "threshold": b'{"score": 0.9}'}
    name, _, value = change.partition(b": ")
    given[name.strip(b'"').decode()] = value
    message = (
        b'{"number": %s, "detector": "d", "kind": "recalibration", "threshold": %s, "reason": "",'
        b' "made_by": "", "created_at": ""}' % (given["number"], given["threshold"])
    )
    with pytest.raises(msgspec.MsgspecError):
        decode(message, Release)
