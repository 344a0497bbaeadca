"""The application over a real database, called without a socket, with a clock moved by hand."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from feedback_api.access.roles import Role
from feedback_api.application import create_app
from feedback_api.services import Background, Services
from feedback_api.use_cases.keys import create_key
from floodline.configuration.feedback_section import FeedbackSection
from floodline.configuration.sections import ApiSection
from floodline.configuration.threshold_section import ThresholdSection
from floodline.detection.parameters import DefaultProfile, ModelParameters
from floodline.detection.threshold_rule import ThresholdRule
from floodline.feedback.review_sampling import Sampling
from floodline.storage.engine import transaction
from floodline.telemetry.metrics import FeedbackMetrics
from tests.integration.storage.samples import DETECTOR, NOW

ORIGIN = "http://127.0.0.1"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def move(self, **by: float) -> None:
        """Move the clock forward."""
        self.now += timedelta(**by)


class Api:
    """The application and its surroundings."""

    def __init__(
        self,
        engine: Engine,
        *,
        background: tuple[Background, ...] = (),
        threshold: ThresholdSection | None = None,
        initial_rule: ThresholdRule | None = None,
        model: ModelParameters | None = None,
        feedback: FeedbackSection | None = None,
        **settings: Any,
    ) -> None:
        self.engine = engine
        self.clock = Clock()
        self.registry = CollectorRegistry()
        self.woken = 0
        ids = itertools.count(1)
        self.services = Services(
            engine=engine,
            detector=DETECTOR,
            labels_topic=f"{DETECTOR}.labels",
            settings=ApiSection(**settings),
            clock=self.clock,
            new_id=lambda: f"id-{next(ids):03}",
            metrics=FeedbackMetrics(self.registry),
            registry=self.registry,
            wake_relay=self._wake,
            threshold=threshold or ThresholdSection(),
            initial_rule=initial_rule or ThresholdRule(score=0.9),
            initial_sampling=Sampling.even(0.5),
            model=model or DefaultProfile(),
            feedback=feedback or FeedbackSection(),
            background=background,
        )
        self.app = create_app(self.services)

    def _wake(self) -> None:
        self.woken += 1

    def key(self, name: str, role: Role = Role.ANALYST, lifetime: timedelta | None = None) -> str:
        """A new key of a user."""
        with transaction(self.engine) as session:
            made = create_key(
                session,
                name=name,
                role=role,
                user_id=f"id-of-{name}",
                lifetime=lifetime,
                actor="test",
                now=self.clock(),
            )
        return made.key.text

    def call(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **given: Any,
    ) -> httpx.Response:
        """One request, redirects not followed."""
        sent = dict(headers or {})
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        return asyncio.run(self._send(method, path, sent, given))

    def get(self, path: str, key: str | None = None, **given: Any) -> httpx.Response:
        """One GET."""
        return self.call("GET", path, key=key, **given)

    def post(self, path: str, key: str | None = None, **given: Any) -> httpx.Response:
        """One POST."""
        return self.call("POST", path, key=key, **given)

    def sample(self, name: str, **labels: str) -> float | None:
        """A metric's value."""
        return self.registry.get_sample_value(name, labels)

    async def _send(
        self, method: str, path: str, headers: dict[str, str], given: dict[str, Any]
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            return await client.request(method, path, headers=headers, **given)


async def in_chunks(body: bytes, size: int = 1_000) -> AsyncIterator[bytes]:
    """A body that does not say its length."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The problem details of an answer that must be one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    assert told["type"] == f"urn:floodline:problem:{kind}"
    assert told["title"]
    assert told["detail"]
    return told
