"""The note that tells which broker runs."""

import os
from pathlib import Path

import pytest

from demo.local_kafka.state import (
    STATE_NAME,
    BrokerProcess,
    forget_state,
    read_state,
    write_state,
)
from floodline.errors import ConfigurationError


def test_the_note_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """What was noted is read back, and nothing after it was deleted."""
    assert read_state(tmp_path) is None
    noted = BrokerProcess(pid=12, started=1700000000.25, port=9092)
    write_state(tmp_path, noted)
    assert read_state(tmp_path) == noted
    forget_state(tmp_path)
    assert read_state(tmp_path) is None


def test_this_process_is_found_and_another_of_its_id_is_not() -> None:
    """A process is found by its id and its start; the same id with another start is nobody."""
    here = BrokerProcess.of(os.getpid(), 9092)
    assert here.find() is not None
    assert BrokerProcess(here.pid, here.started - 60, here.port).find() is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": "x", "started": 1, "port": 2}'])
def test_a_foreign_file_is_refused(tmp_path: Path, text: str) -> None:
    """A file that is no note of ours stops the command and is named."""
    (tmp_path / STATE_NAME).write_text(text)
    with pytest.raises(ConfigurationError, match=STATE_NAME):
        read_state(tmp_path)
