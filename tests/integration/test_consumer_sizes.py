"""How long a message and a batch may be, on a real Kafka."""

import base64
import json
import random
import subprocess
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)

from floodline.events.dead_letters import LARGEST_COPY, LARGEST_MESSAGE
from tests.fixtures.consumer_process import (
    COMMAND,
    ConsumerProcess,
    Outcome,
    wait_until,
    write_configuration,
)
from tests.fixtures.kafka import Topics

LIMIT = "max.message.bytes"


def text(draw: random.Random, length: int) -> bytes:
    """No event, and nothing that compresses well."""
    return base64.b85encode(draw.randbytes(length))[:length]


@pytest.mark.parametrize("suffix", ["alerts", "deadletters", "changes"])
def test_a_topic_for_short_messages_is_one_clear_message(
    tmp_path: Path, topics: Topics, suffix: str
) -> None:
    """Exit code 3 before anything is read: the topic, its limit, and what to do."""
    topics.create(topics.name("events"))
    name = topics.create(topics.name(suffix), 1, {LIMIT: "100000"})
    config, _ = write_configuration(tmp_path, topics)
    done = subprocess.run(
        [*COMMAND, "--config", str(config)], capture_output=True, text=True, timeout=60, check=False
    )
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("floodline: ")]
    assert done.returncode == 3
    assert f"{LIMIT} of topic '{name}' 100000:" in said
    assert f"set {LIMIT} there to {LARGEST_MESSAGE} or more" in said


def test_no_batch_is_longer_than_the_least_limit(tmp_path: Path, topics: Topics) -> None:
    """Topics that just take our longest message take all of a long interval's, too."""
    draw = random.Random(3)
    events = topics.create(topics.name("events"))
    limit = {LIMIT: str(LARGEST_MESSAGE)}
    for suffix in ("alerts", "deadletters", "changes"):
        topics.create(topics.name(suffix), 1, limit)
    config, configuration = write_configuration(
        tmp_path, topics, consumer={"commit_interval_ms": 1_000, "dead_letter_ratio": 1.0}
    )
    values = [text(draw, 600) for _ in range(4_000)]
    topics.produce(events, [*values[:2_000], text(draw, LARGEST_COPY), *values[2_000:]])
    outcome = Outcome(topics, configuration)
    with ConsumerProcess(config, "one") as member:
        outcome.wait_committed()
        assert member.stop() == 0
        assert not member.said("transaction given up")
    letters = outcome.dead_letters()
    outcome.close()
    assert len(letters) == 4_001
    assert max(len(letter.value or b"") for letter in letters) == LARGEST_COPY


def test_a_limit_that_is_lowered_is_named(tmp_path: Path, topics: Topics) -> None:
    """The failed transaction says what Kafka refused, and the consumer ends: it cannot go on."""
    draw = random.Random(4)
    events = topics.create(topics.name("events"))
    config, configuration = write_configuration(
        tmp_path, topics, consumer={"commit_interval_ms": 1_000, "dead_letter_ratio": 1.0}
    )
    letters = configuration.topics.dead_letters
    with ConsumerProcess(config, "one") as member:
        member.wait_running(1)
        change = ConfigResource(
            ConfigResource.Type.TOPIC,
            letters,
            incremental_configs=[
                ConfigEntry(LIMIT, "100000", incremental_operation=AlterConfigOpType.SET)
            ],
        )
        admin = AdminClient({"bootstrap.servers": topics.bootstrap_servers})
        admin.incremental_alter_configs([change])[change].result(20)
        topics.produce(events, [text(draw, 600) for _ in range(4_000)])
        wait_until(lambda: member.process.poll() is not None, "the consumer ended")
        assert member.process.returncode == 3
        *lines, last = member.log.read_text().splitlines()
    assert last.startswith(f"floodline: {LIMIT} of topic '{letters}' 100000:")
    said = [line for line in map(json.loads, lines) if line["event"] == "transaction given up"]
    assert said[0]["cause"].partition(":")[2] == "MSG_SIZE_TOO_LARGE"
    assert letters in said[0]["error"]
