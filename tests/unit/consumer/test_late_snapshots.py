"""Snapshots that are written late: what a task says of them is true, or it says nothing."""

import pytest

from consumer.keeping import Keeping
from consumer.records import Batch
from consumer.restoration import initial_release
from consumer.task import State, Task
from floodline.detection.scorer import Scorer
from floodline.storage.state_store import StateStore
from tests.fakes.kafka import FakeBroker
from tests.fakes.member import TOPIC_ID, configure, levels
from tests.fakes.place import FakeDisk, FakePlace
from tests.fakes.worker import HeldWorker

CONFIGURATION = configure()


@pytest.mark.parametrize("rewound", [False, True])
def test_a_snapshot_from_before_a_rewind_is_not_believed(rewound: bool) -> None:
    """After a rewind the state at its offset may be another: no checkpoint names the snapshot."""
    broker = FakeBroker(CONFIGURATION.topics)
    broker.append(0, levels(1, 150))
    task = Task(0, TOPIC_ID, CONFIGURATION)

    def begin() -> None:
        scorer = Scorer.new(CONFIGURATION.model_parameters, CONFIGURATION.detector.features)
        task.load(scorer, initial_release(CONFIGURATION), 0, 0)
        task.take(Batch.of(broker.read(0, 0, 150)))

    begin()
    task.move(State.RESTORING)
    task.move(State.RUNNING)
    worker = HeldWorker("snapshots")
    store = StateStore(FakePlace(FakeDisk()))
    keeping = Keeping(
        CONFIGURATION.consumer, store, TOPIC_ID, lambda partition: (0, 150), worker, lambda: 1.0
    )
    keeping.turn([task])
    if rewound:
        begin()
    worker.go_on(1)
    keeping.turn([])
    assert [offset for _, offset in task.checkpoint().snapshots] == ([] if rewound else [150])
