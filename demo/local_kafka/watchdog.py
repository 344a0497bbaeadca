"""Runs a command that must not outlive whoever started it.

`python watchdog.py SIGNAL REMOVE COMMAND...` runs COMMAND until it ends, and stops it with SIGNAL
(a number), then SIGKILL, when standard input ends: that is when the starter closes it, exits, or
is killed in whatever way. Afterwards the folder REMOVE is deleted, where it is not empty text.
Standard library only, and run as a file, so that it starts in a few milliseconds.
"""

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys

GRACE_SECONDS = 10.0
LOOK_SECONDS = 0.25
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask Linux to kill this process when the watchdog dies, though it be by SIGKILL."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def starter_is_gone(starter: int) -> bool:
    """Wait a moment for the end of standard input or for another parent process."""
    ready, _, _ = select.select([sys.stdin], [], [], LOOK_SECONDS)
    return bool(ready) or os.getppid() != starter


def run(stop_signal: int, remove: str, command: list[str]) -> int:
    """Run `command` under watch and return its exit code."""
    starter = os.getppid()
    # This process has one thread, so the code between fork and exec is safe.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
    try:
        while child.poll() is None and not starter_is_gone(starter):
            pass
    finally:
        code = stop(child, stop_signal)
        if remove:
            shutil.rmtree(remove, ignore_errors=True)
    return code


def stop(child: subprocess.Popen[bytes], stop_signal: int) -> int:
    """Stop `child`: the signal, a bounded wait, SIGKILL."""
    if child.poll() is None:
        child.send_signal(stop_signal)
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
    return child.wait()


def exit_in_order(number: int, frame: object) -> None:
    """Turn a signal into an exit that passes through `finally`."""
    del number, frame
    sys.exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, exit_in_order)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(run(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
