"""The store of states: what is read is what was written, or it is refused."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floodline.errors import ConfigurationError, StateRefused
from floodline.storage.state_store import StateStore


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """A state is found under the sha256 of its bytes, in a folder that is made when needed."""
    store = StateStore(tmp_path / "deep" / "states")
    digest = store.write(b"state")
    assert digest == hashlib.sha256(b"state").hexdigest()
    assert store.read(digest) == b"state"
    assert StateStore(tmp_path / "deep" / "states").read(digest) == b"state"


def test_the_same_state_twice_is_one_file(tmp_path: Path) -> None:
    """Writing again changes nothing and leaves no temporary file."""
    store = StateStore(tmp_path)
    digest = store.write(b"state")
    assert store.write(b"state") == digest
    assert [file.name for file in tmp_path.iterdir()] == [digest]


@pytest.mark.parametrize("damage", [b"", b"stat", b"State", b"state "])
def test_other_bytes_are_refused(tmp_path: Path, damage: bytes) -> None:
    """Bytes with another digest are refused, and the file is named."""
    store = StateStore(tmp_path)
    digest = store.write(b"state")
    (tmp_path / digest).write_bytes(damage)
    with pytest.raises(StateRefused, match=f"{digest}: the bytes have another digest"):
        store.read(digest)


def test_a_missing_state_is_refused_with_what_to_check(tmp_path: Path) -> None:
    """A state that is not there points to the shared folder; so does a missing folder."""
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(StateRefused, match=r"all processes must share store\.folder"):
            StateStore(folder).read("0" * 64)


PATHS = [
    "",
    "../secret",
    "/etc/passwd",
    "0" * 63,
    "0" * 65,
    "0" * 64 + "\n",
    "A" * 64,
    "0" * 61 + "/..",
    "\0" * 64,
    "\u0966" * 64,  # a digit, but none of ours
]


@pytest.mark.parametrize("name", PATHS)
def test_only_a_digest_is_looked_up(tmp_path: Path, name: str) -> None:
    """No name but 64 hexadecimal digits reaches the file system, to read or to delete."""
    (tmp_path / "secret").write_bytes(b"secret")
    store = StateStore(tmp_path / "states")
    store.write(b"state")
    with pytest.raises(StateRefused, match="is no sha256"):
        store.read(name)
    store.delete(name)
    assert (tmp_path / "secret").exists()


@given(st.text(max_size=70))
def test_no_text_is_a_way_out(name: str) -> None:
    """Any text is a digest that is not there, or none."""
    with pytest.raises(StateRefused):
        StateStore(Path("no-such-folder")).read(name)


def test_a_link_is_refused_wherever_it_leads(tmp_path: Path) -> None:
    """A link under a state's name is not followed, be the bytes behind it the right ones."""
    digest = hashlib.sha256(b"state").hexdigest()
    (tmp_path / "elsewhere").write_bytes(b"state")
    (tmp_path / digest).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateRefused, match="it is a link, not a file"):
        StateStore(tmp_path).read(digest)


def test_a_deleted_state_is_gone(tmp_path: Path) -> None:
    """Deleting is for good; deleting what is not there is no error."""
    store = StateStore(tmp_path)
    digest = store.write(b"state")
    store.delete(digest)
    store.delete(digest)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A store whose folder is a file says which setting is at fault."""
    (tmp_path / "file").write_bytes(b"")
    store = StateStore(tmp_path / "file")
    with pytest.raises(ConfigurationError, match=r"store\.folder .*file: cannot be written"):
        store.write(b"state")
    with pytest.raises(ConfigurationError, match="cannot be deleted"):
        store.delete("0" * 64)


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    """When the state cannot take its name, the temporary file goes and the error is told."""
    store = StateStore(tmp_path)
    (tmp_path / hashlib.sha256(b"state").hexdigest()).mkdir()
    with pytest.raises(ConfigurationError):
        store.write(b"state")
    assert len(list(tmp_path.iterdir())) == 1
