"""Which code a run was made with."""

import subprocess
from pathlib import Path


def git_commit(folder: Path) -> str | None:
    """The checkout's commit, with `-dirty` where files differ; None outside of a checkout."""
    try:
        found = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--dirty"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None
