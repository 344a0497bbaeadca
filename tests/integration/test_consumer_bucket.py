"""`floodline consume` on a real Kafka, with its states in a fake of a cloud's bucket."""

import json
import random
from pathlib import Path

from tests.fixtures.accounting import assert_every_record_once
from tests.fixtures.buckets import Bucket
from tests.fixtures.consumer_process import (
    ConsumerProcess,
    Outcome,
    wait_until,
    write_configuration,
)
from tests.fixtures.kafka import Topics


def _send(topics: Topics, topic: str, seed: int, count: int) -> None:
    draw = random.Random(seed)
    rows = ({name: draw.gauss(5, 1) for name in "xyz"} for _ in range(count))
    topics.produce(topic, [json.dumps(row).encode() for row in rows])


def test_a_killed_member_is_restored_from_the_bucket(
    tmp_path: Path, topics: Topics, bucket: Bucket
) -> None:
    """After kill -9 another machine's member goes on from the bucket's snapshot, bit for bit."""
    topics.create(topics.name("events"), 1)
    config, configuration = write_configuration(
        tmp_path, topics, store={"folder": f"s3://{bucket.name}/states"}
    )
    secret = tmp_path / "secret"
    secret.write_text(bucket.options["secret"])
    options = {name: value for name, value in bucket.options.items() if name != "secret"}
    environment = {
        f"FLOODLINE_STORE__OPTIONS__{name.upper()}": value for name, value in options.items()
    } | {"FLOODLINE_STORE__OPTIONS__SECRET_FILE": str(secret)}
    outcome = Outcome(topics, configuration)
    try:
        _send(topics, configuration.topics.events, 1, 5_000)
        with ConsumerProcess(config, "one", environment=environment) as member:
            wait_until(lambda: bool(bucket.files().find(bucket.name)), "a snapshot in the bucket")

            def named() -> bool:
                _send(topics, configuration.topics.events, 2, 200)
                outcome.wait_committed()
                return bool(outcome.committed()[0][1].snapshots)

            wait_until(named, "a commit that names the snapshot")
            member.process.kill()
            member.process.wait()
        _send(topics, configuration.topics.events, 3, 2_000)
        with ConsumerProcess(config, "one", environment=environment) as member:
            outcome.wait_committed()
            assert member.stop() == 0
            assert not member.said("model begins anew")
            (restored,) = member.said("restoring")
            assert restored["start"] > 0
        assert_every_record_once(outcome)
    finally:
        outcome.close()
    assert not (tmp_path / "states").exists()
