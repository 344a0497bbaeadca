"""`make bench ARGS="end-to-end"`: the whole consumer against plain readers, on a real Kafka."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.detection.markdown import write_between
from benchmarks.end_to_end.measurement import EVENTS, ROUNDS, measure
from benchmarks.end_to_end.report import report
from floodline.errors import ConfigurationError, DependencyDown

_CONFIGURATION, _DEPENDENCY = 3, 4


def main(arguments: list[str]) -> int:
    """Run, print, and write where asked; 3 where a file is wrong, 4 where Kafka failed."""
    given = _parser().parse_args(arguments)
    try:
        figures = _saved(given.saved) if given.saved else _run(given)
        text = report(figures)
        if given.write:
            write_between(given.write, "end-to-end", text)
    except (ConfigurationError, DependencyDown) as error:
        sys.stderr.write(f"{error}\n")
        return _DEPENDENCY if isinstance(error, DependencyDown) else _CONFIGURATION
    shown = json.dumps(figures, indent=2) if given.json else text
    sys.stdout.write(shown + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench end-to-end", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, help=f"default {EVENTS:,}")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default {ROUNDS}")
    parser.add_argument("--no-latency", action="store_true", help="throughput only")
    parser.add_argument("--partitions", action="store_true", help="more partitions and processes")
    parser.add_argument("--json", action="store_true", help="every figure as JSON")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put tables into this document")
    parser.add_argument(
        "--saved", type=Path, metavar="FILE", help="no run: take what an earlier --json printed"
    )
    return parser


def _run(given: argparse.Namespace) -> dict[str, Any]:
    if given.events < 1 or given.rounds < 1:
        raise ConfigurationError("--events and --rounds are at least 1")
    return measure(
        given.events,
        given.rounds,
        with_latency=not given.no_latency,
        with_partitions=given.partitions,
        say=_say,
    )


def _saved(file: Path) -> dict[str, Any]:
    try:
        figures = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file}: is nothing that --json printed: {error}") from error
    if not isinstance(figures, dict) or "machine" not in figures:
        raise ConfigurationError(f"{file}: is nothing that --json printed: no figures in it")
    return figures


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
