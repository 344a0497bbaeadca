"""A child process that ends with us, however we end."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

STOP_SECONDS = 15.0


class Leash:
    """A command run under the watchdog, in a session of its own so that ctrl-C passes it by.

    It is stopped by `release`, and also when this process exits or is killed.
    """

    def __init__(
        self,
        command: Sequence[str],
        output: IO[bytes],
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        remove: Path | None = None,
    ) -> None:
        """Start `command`; its output goes to `output`; `remove` is deleted after its end."""
        watchdog = str(Path(__file__).with_name("watchdog.py"))
        watch = [sys.executable, "-IS", watchdog, str(int(stop_signal)), str(remove or "")]
        self._watchdog = subprocess.Popen(
            [*watch, *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process group of the watchdog and its command."""
        return self._watchdog.pid

    def alive(self) -> bool:
        """Whether the command still runs."""
        return self._watchdog.poll() is None

    def release(self) -> None:
        """Stop the command in order, and by SIGKILL where it does not within 15 s."""
        if self._watchdog.stdin is not None:
            self._watchdog.stdin.close()
        try:
            self._watchdog.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._watchdog.pid, signal.SIGKILL)
            self._watchdog.wait()
