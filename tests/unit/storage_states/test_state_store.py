"""The store of states: what is read is what was written, or it is refused."""

import hashlib
import itertools
import sys
from pathlib import Path

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from floodline.configuration.sections import StoreSection
from floodline.errors import ConfigurationError, StateRefused
from floodline.storage.state_store import StateStore, open_store
from tests.fixtures.state_store_promises import StorePromises

_NUMBERS = itertools.count()


class TestFolder(StorePromises):
    """A folder keeps the promises; it is made when needed."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> StateStore:
        return StateStore.open(str(tmp_path / "deep" / "states"), {})


class TestMemory(StorePromises):
    """So does this process's memory."""

    @pytest.fixture
    def store(self) -> StateStore:
        return StateStore.open(f"memory://promises-{next(_NUMBERS)}", {})


def test_the_newest_of_the_others_survive_a_sweep() -> None:
    """Beside those to keep, the last written stay, by the store's own times."""
    store = StateStore.open("memory://newest", {})
    digests = [store.write(bytes([number])) for number in range(5)]
    store.sweep(keep=[digests[0]], newest=2)
    assert store.read(digests[0])
    assert store.read(digests[3])
    assert store.read(digests[4])
    for digest in digests[1:3]:
        with pytest.raises(StateRefused):
            store.read(digest)


def test_two_stores_of_memory_are_two() -> None:
    """Each name has its own states and its own identity; the same name is the same store."""
    one, two = StateStore.open("memory://one", {}), StateStore.open("memory://two", {})
    digest = one.write(b"state")
    with pytest.raises(StateRefused):
        two.read(digest)
    assert one.identity() != two.identity()
    assert StateStore.open("memory://one/", {}).read(digest) == b"state"


def test_damage_in_memory_is_refused() -> None:
    """Bytes with another digest are refused wherever they lie."""
    store = StateStore.open("memory://damaged", {})
    digest = store.write(b"state")
    fsspec.filesystem("memory").pipe_file(f"/damaged/{digest}", b"stat")
    with pytest.raises(StateRefused, match="another digest; restore it from a backup"):
        store.read(digest)


def test_the_configuration_opens_the_store(tmp_path: Path) -> None:
    """The setting may be a folder's path, or memory."""
    digest = open_store(StoreSection(folder=str(tmp_path / "a"))).write(b"state")
    assert (tmp_path / "a" / digest).read_bytes() == b"state"
    open_store(StoreSection(folder="memory://configured")).write(b"state")
    assert StateStore.open("memory://configured", {}).read(digest) == b"state"


@pytest.mark.parametrize(
    ("folder", "options", "said"),
    [
        ("", {}, "name a folder or a bucket"),
        ("a\0b", {}, "name a folder or a bucket"),
        ("gs://bucket/prefix", {}, "gs:// is not a kind of store; write a folder's path, s3://"),
        ("file:///tmp/states", {}, "write a folder's path"),
        ("memory://", {}, "write memory:// and a name"),
        ("memory://a/../b", {}, "write memory:// and a name"),
        ("s3://", {}, "write s3://bucket/prefix"),
        ("s3://UPPER/x", {}, "write s3://bucket/prefix"),
        ("s3://bucket//x", {}, "write s3://bucket/prefix"),
        ("s3://bucket/x?versionId=1", {}, "write s3://bucket/prefix"),
        ("s3://bucket/../x", {}, "write s3://bucket/prefix"),
        ("s3://bucket", {"secrets": "x"}, "secrets: not an option of a bucket, which has"),
        ("s3://bucket", {"key": "x"}, "key and secret are given together"),
        ("s3://bucket", {"timeout_seconds": "soon"}, "timeout_seconds"),
        ("s3://bucket", {"addressing_style": "odd"}, "addressing_style"),
        ("states", {"key": "x", "secret": "hush"}, "key, secret: only a bucket has options"),
    ],
)
def test_a_store_that_cannot_be_is_refused_at_once(
    folder: str, options: dict[str, str], said: str
) -> None:
    """Each fault of the setting is told with what to write, and no secret."""
    with pytest.raises(ConfigurationError) as caught:
        StateStore.open(folder, options)
    assert said in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_bucket_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who installed floodline without s3fs reads which extra is missing."""
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(ConfigurationError, match="with its extra s3"):
        StateStore.open("s3://bucket/prefix", {})


@given(st.text(max_size=70))
def test_no_text_is_a_way_out(name: str) -> None:
    """Any text is a digest that is not there, or none."""
    with pytest.raises(StateRefused):
        StateStore(Path("no-such-folder")).read(name)


@given(st.text(max_size=20), st.binary(max_size=5))
def test_any_setting_is_a_store_or_refused(folder: str, state: bytes) -> None:
    """Whatever the setting's text, opening gives a store or one clear error."""
    for prefix in ("", "s3://", "memory://"):
        try:
            store = StateStore.open(prefix + folder, {})
        except ConfigurationError:
            continue
        if prefix == "memory://":
            assert store.read(store.write(state)) == state
            assert store.write(state) == hashlib.sha256(state).hexdigest()
