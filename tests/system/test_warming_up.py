"""A consumer that warms up, as the feedback API tells of it."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine

from feedback_api.main import assemble
from tests.fixtures.consumer_process import ConsumerProcess, wait_until, write_configuration
from tests.fixtures.kafka import Topics

EVENT = b'{"x": 1, "y": 2, "z": 3}'


async def _get(app: FastAPI, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.get(path)


def test_the_api_says_what_a_running_consumer_commits(
    tmp_path: Path, topics: Topics, sqlite_engine: Engine
) -> None:
    """Nothing before its first commit, then the events that its model still needs, then none."""
    config, configuration = write_configuration(tmp_path, topics, api={"auth": "none"})
    events = topics.create(configuration.topics.events)
    app, workers = assemble(configuration, sqlite_engine)
    (watch,) = (worker for worker in workers if worker.name == "scoring_watch")

    def told() -> dict[str, Any]:
        watch.wake()
        answer: dict[str, Any] = asyncio.run(_get(app, "/api/v1/scoring")).json()
        return answer

    watch.start()
    try:
        wait_until(lambda: not told()["stale"], "Kafka answers")
        assert told()["partitions"] == []
        with ConsumerProcess(config, "one") as consumer:
            topics.produce(events, [EVENT] * 60 + [b"{"] * 2)
            wait_until(lambda: [each["offset"] for each in told()["partitions"]] == [62], "scored")
            (partition,) = told()["partitions"]
            assert told()["warming_up"] is True
            assert partition == {
                "partition": 0,
                "offset": 62,
                "events": 60,
                "dead_letters": 2,
                "release": 0,
                "warming_up": True,
                "events_until_warm": 190,
            }
            topics.produce(events, [EVENT] * 190)
            wait_until(lambda: not told()["warming_up"], "it is warm")
            assert told()["partitions"][0]["events"] == 250
            assert consumer.stop() == 0
    finally:
        assert watch.stop(20)
