"""A simulated analyst: a plain HTTP client of the API that answers from the truth, on a budget."""

import threading
import time

import httpx
import structlog

from demo.streams import Stream

log = structlog.get_logger(__name__)

_PAUSE_SECONDS = 0.3


class Analyst:
    """Works through the queue of unlabelled alerts, newest first, until the budget is spent.

    Every fifth answer is on a sample: an event below the threshold that was drawn by chance.

    What it knows of an alert is what the API shows; the event's key finds the truth.
    """

    def __init__(self, url: str, key: str, stream: Stream, *, budget: int, a_second: float) -> None:
        self._client = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=10
        )
        self._stream = stream
        self._budget = budget
        self._a_second = a_second
        self.labels = 0
        self.failures = 0

    def run(self, stopping: threading.Event) -> None:
        """Label until told to stop; an API that does not answer is asked again."""
        while not stopping.is_set():
            if self.labels < self._budget:
                try:
                    self._look(stopping)
                except httpx.HTTPError as error:
                    self.failures += 1
                    log.warning("the analyst got no answer", error=str(error))
            stopping.wait(_PAUSE_SECONDS)
        self._client.close()

    def _look(self, stopping: threading.Event) -> None:
        for alert in self._waiting("alert", 16) + self._waiting("sample", 4):
            if self.labels >= self._budget or stopping.is_set():
                return
            started = time.monotonic()
            self._label(alert)
            stopping.wait(max(0.0, 1 / self._a_second - (time.monotonic() - started)))

    def _waiting(self, kind: str, limit: int) -> list[dict[str, object]]:
        asked: dict[str, str | int] = {
            "kind": kind,
            "unlabelled": "true",
            "order": "newest",
            "limit": limit,
        }
        answer = self._client.get("/api/v1/alerts", params=asked)
        answer.raise_for_status()
        items: list[dict[str, object]] = answer.json()["items"]
        return items

    def _label(self, alert: dict[str, object]) -> None:
        row = int(str(alert["key"]))  # the replay keys each event by its row
        verdict = "confirmed" if self._stream.truth[row] else "false_alarm"
        answer = self._client.post(
            f"/api/v1/alerts/{alert['id']}/labels",
            json={"verdict": verdict},
            headers={"Idempotency-Key": f"demo-{alert['id']}"},
        )
        answer.raise_for_status()
        self.labels += 1
