"""What a retrain is asked for, what it works with, and what became of it."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import Engine

from floodline.storage.state_store import StateStore
from trainer.ports import EventLog, Now, OffsetRange, ReleaseChannel, Tracking


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a retrain is asked for.

    Attributes:
        starts, ends: offsets by partition; both empty take the newest of every partition.
        publish: False logs and registers, and releases nothing.
        trigger: what asked: `schedule` or `command`.
        made_by: who, for the release and the audit log.
    """

    starts: Mapping[int, int] = {}
    ends: Mapping[int, int] = {}
    publish: bool = True
    trigger: str = "command"
    made_by: str = "command line"


class Retrain(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a retrain; `material_sha256` tells what it was made from."""

    id: str
    outcome: str
    reason: str
    release: int | None
    threshold: float | None
    mlflow_run_id: str
    model_version: str
    state_sha256: str
    ranges: list[OffsetRange]
    events: int
    invalid: int
    labels: int
    material_sha256: str
    metrics: dict[str, float]


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """What a retrain works with."""

    engine: Engine
    events: EventLog
    channel: ReleaseChannel
    tracking: Tracking
    store: StateStore
    now: Now
