"""The members of one scoring group, under stable names, started and ended at will."""

import json
import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.faults.launcher import COMMAND, PLAN
from tests.fixtures.consumer_process import ConsumerProcess, Outcome, wait_until


class Fleet:
    """Members that run; one that ends without having been told to fails the test."""

    def __init__(self, config: Path, environment: Mapping[str, str] | None = None) -> None:
        self._config = config
        self._environment = dict(environment or {})
        self._members: dict[str, ConsumerProcess] = {}
        self.kills = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for member in self._members.values():
            member.__exit__(kind, error, trace)

    @property
    def running(self) -> Mapping[str, ConsumerProcess]:
        """The members that should run."""
        return dict(self._members)

    def start(self, name: str, plan: Mapping[str, Any] | None = None) -> ConsumerProcess:
        """Start the member of this name; with `plan` under the launcher that builds a fault in."""
        assert name not in self._members, f"{name} runs already"
        member = ConsumerProcess(self._config, name, environment=self._environment)
        if plan is not None:
            environment = {**self._environment, PLAN: json.dumps(plan)}
            member = ConsumerProcess(self._config, name, command=COMMAND, environment=environment)
        member.__enter__()
        self._members[name] = member
        return member

    def kill(self, name: str) -> set[int]:
        """SIGKILL; the partitions that it held."""
        self.check()
        member = self._members.pop(name)
        held = member.held
        member.send(signal.SIGKILL)
        assert member.process.wait(10) == -signal.SIGKILL
        self.kills += 1
        return held

    def stop(self, name: str) -> None:
        """SIGTERM; it must end in order, unless it was not yet ready to hear of signals."""
        self.check()
        member = self._members[name]
        unready = not member.lines
        code = member.stop()
        in_order = code == 0 or (unready and code == -signal.SIGTERM)
        assert in_order, f"{name} ended with {code}:\n{member.log.read_text()[-3_000:]}"
        del self._members[name]

    def forget(self, name: str) -> None:
        """One that ended by itself, as it should."""
        assert self._members.pop(name).process.poll() is not None

    def stop_all(self) -> None:
        """SIGTERM for each."""
        for name in list(self._members):
            self.stop(name)

    def wait_committed(self, outcome: Outcome, seconds: float = 60.0) -> None:
        """Wait until the whole input is committed, while no member ends by itself."""

        def reached() -> bool:
            self.check()
            return outcome.is_committed()

        wait_until(reached, "every record lies before a committed offset", seconds)

    def story(self, seconds: float) -> str:
        """What the members logged in the last seconds, in order, with the seconds ago."""
        now, told = datetime.now(UTC), []
        for name, member in self._members.items():
            for line in member.lines:
                ago = (now - datetime.fromisoformat(line["timestamp"])).total_seconds()
                if ago <= seconds:
                    said = {
                        key: line[key]
                        for key in ("event", "partition", "partitions")
                        if key in line
                    }
                    told.append((ago, f"-{ago:.1f} s {name}: {said}"))
        return "\n".join(text for _, text in sorted(told, reverse=True))

    def check(self) -> None:
        """Fail where a member ended by itself."""
        for name, member in self._members.items():
            code = member.process.poll()
            assert code is None, f"{name} ended with {code}:\n{member.log.read_text()[-3_000:]}"
