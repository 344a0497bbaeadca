"""How an analyst, an ML engineer and a platform engineer go on with a demo that was kept."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

_ALERTS = "/api/v1/alerts?limit=1"


def own_command() -> str:
    """What this program was started as, so that a printed command works as it stands."""
    started = sys.argv[0]
    if Path(started).name == "floodline":
        return shlex.quote(started)
    return f"{shlex.quote(sys.executable)} -m floodline.launcher"


def next_steps(command: str, config: Path, addresses: Mapping[str, str]) -> str:
    """A command for each of the three; they work in another terminal, in the same folder."""
    console, key = addresses["console"], addresses["key"]
    with_config = f"--config {shlex.quote(str(config))}"
    return f"""\
All is running until ctrl-C. The stream is over: without new events or labels nothing is retrained.
In another terminal, in the same folder:

Analyst: open {console} and sign in with the key above, or
  curl -H 'Authorization: Bearer {key}' '{console}{_ALERTS}'
ML engineer: commands work on the database itself and need no key. What is in force, and why:
  {command} threshold show {with_config}
  So do `threshold set`, `undo`, `freeze` and `policy`, `recalibrate` and `releases list`; labels go
  on moving the threshold unless it is frozen. Over REST the key above has the role engineer.
Platform engineer: what was published, derived from the log again and compared:
  {command} verify {with_config}
"""
