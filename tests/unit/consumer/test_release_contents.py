"""What comes with a release is read from the store once."""

from pathlib import Path

import pytest

from consumer.release_contents import ReleaseContents
from floodline.errors import StateRefused
from floodline.storage import weight_tables
from floodline.storage.state_store import StateStore
from tests.unit.consumer.lesson_cases import teaching, weights


def test_a_table_is_read_once_for_all_partitions(tmp_path: Path) -> None:
    """The second asking needs no store; the fifth table takes the place of the first."""
    store = StateStore(tmp_path)
    tables = [weights(seed) for seed in range(5)]
    digests = [weight_tables.write(store, each) for each in tables]
    contents = ReleaseContents(store, ("x", "y"))
    made = [teaching(number, each) for number, each in enumerate(tables)]
    first = contents.of(made[0], None)
    (tmp_path / "weights" / digests[0]).unlink()
    assert contents.of(made[0], None).weights is first.weights
    assert first.model is None
    for each in made[1:]:
        contents.weights_of(each)
    with pytest.raises(StateRefused, match="cannot be read"):
        contents.weights_of(made[0])
    assert contents.weights_of(teaching(9, None)) is None
