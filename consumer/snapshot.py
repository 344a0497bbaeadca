"""A partition's state at an offset, as data."""

import msgspec

from floodline.detection.scorer import Scorer
from floodline.detection.state_data import decoded_as
from floodline.errors import StateRefused
from floodline.storage.state_store import StateStore

FORMAT = "floodline-snapshot"
VERSION = 2


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything before `offset` is in `scorer`; `dead_letters` counts what could not be scored.

    `timestamp` is the last record's, milliseconds since 1970 UTC; -1 where it has none.
    """

    format: str = FORMAT
    version: int = VERSION
    detector: str
    topic_id: str
    partition: int
    offset: int
    timestamp: int
    dead_letters: int
    scorer: bytes


def store_of(store: StateStore, topic_id: str, partition: int) -> StateStore:
    """The snapshots of one partition: a folder of their own, so that old ones can be told."""
    safe = topic_id.replace("/", "_").replace("+", "-")
    return store.within("snapshots", f"{safe}-{partition}")


def write(snapshot: Snapshot) -> bytes:
    """The snapshot as msgpack."""
    return msgspec.msgpack.encode(snapshot)


def read(data: bytes, *, detector: str, topic_id: str, partition: int) -> tuple[Snapshot, Scorer]:
    """The snapshot in `data` and its scorer.

    Raises:
        StateRefused: the bytes are damaged, of another version, or of another partition.
    """
    snapshot = decoded_as(data, Snapshot, "snapshot", FORMAT, VERSION)
    found = (snapshot.detector, snapshot.topic_id, snapshot.partition)
    if found != (detector, topic_id, partition):
        raise StateRefused(f"a snapshot of {found}, not of {(detector, topic_id, partition)}")
    return snapshot, Scorer.from_state(snapshot.scorer)
