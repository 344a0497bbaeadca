"""A client of the API that labels alerts at a steady rate."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from floodline.errors import DependencyDown

_START_SECONDS = 90.0
_PAGE = 200
_VERDICT = "false_alarm"
_FIRST = 50


class Given(msgspec.Struct, frozen=True):
    """A label: when its POST was begun, seconds since 1970, and how long it took."""

    at: float
    took: float


class Labeller:
    """Rejects the alerts on top of the queue, one after the other.

    Its answers agree with each other, so that lessons are let through and each changes them.
    """

    def __init__(self, api: httpx.Client, per_second: int, seconds: float) -> None:
        self.given: list[Given] = []
        self._api = api
        self._step = 1.0 / per_second
        self._count = round(per_second * seconds)
        self._seconds = seconds
        self._waiting: deque[str] = deque()
        self._known: set[str] = set()

    def await_alerts(self, check: Callable[[], None]) -> None:
        """Return once there are some to label; `check` raises where a process has ended.

        Raises:
            DependencyDown: there are none in time.
        """
        end = time.monotonic() + _START_SECONDS
        while len(self._waiting) < _FIRST:
            check()
            if time.monotonic() > end:
                raise DependencyDown(f"no {_FIRST} alerts in {_START_SECONDS:g} s")
            time.sleep(0.2)
            self._fetch()

    @property
    def end(self) -> float:
        """When the last label was answered, seconds since 1970."""
        return self.given[-1].at + self.given[-1].took if self.given else 0.0

    def run(self) -> None:
        """Label until all are given, or twice the time is over."""
        begin = time.monotonic()
        for number in range(self._count):
            time.sleep(max(0.0, begin + number * self._step - time.monotonic()))
            if time.monotonic() - begin > 2 * self._seconds:
                return
            if len(self._waiting) < _FIRST:
                self._fetch()
            if self._waiting:
                self._label(self._waiting.popleft())

    def _label(self, alert_id: str) -> None:
        at, begin = time.time(), time.monotonic()
        answer = self._api.post(f"/api/v1/alerts/{alert_id}/labels", json={"verdict": _VERDICT})
        answer.raise_for_status()
        self.given.append(Given(at, time.monotonic() - begin))

    def _fetch(self) -> None:
        wanted: dict[str, Any] = {"limit": _PAGE, "unlabelled": True}
        answer = self._api.get("/api/v1/alerts", params=wanted)
        answer.raise_for_status()
        for alert in answer.json()["items"]:
            if alert["id"] not in self._known:
                self._known.add(alert["id"])
                self._waiting.append(alert["id"])
