"""The Java process of a local Kafka, which these tests kill and freeze."""

from pathlib import Path

import psutil


def broker_process(folder: Path) -> psutil.Process:
    """The broker whose data lies in `folder`."""
    for process in psutil.process_iter(["cmdline"]):
        said = process.info["cmdline"] or [""]
        if "java" in said[0] and str(folder) in " ".join(said):
            return process
    raise AssertionError(f"no broker runs from {folder}")
