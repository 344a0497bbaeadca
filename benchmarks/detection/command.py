"""`make bench ARGS="detection"`: how well detectors rank anomalies, all in one run."""

import argparse
import sys
from pathlib import Path

import msgspec

from benchmarks.detection.ablation import variants
from benchmarks.detection.ablation_report import ablation_report
from benchmarks.detection.catalogue import choose
from benchmarks.detection.circumstances import Circumstances, here
from benchmarks.detection.comparison_report import comparison_report
from benchmarks.detection.detectors import contenders
from benchmarks.detection.markdown import write_between
from benchmarks.detection.measurement import Measured, measure
from floodline.errors import ConfigurationError

_REPORTS = {"comparison": comparison_report, "ablation": ablation_report}
_QUICK = 2


class Outcome(msgspec.Struct, frozen=True):
    """What a run measured, and with what."""

    table: str
    measured: Measured
    circumstances: Circumstances


def main(arguments: list[str]) -> int:
    """Run, print, and write where asked; 3 where a name or a file is wrong."""
    given = _parser().parse_args(arguments)
    try:
        outcome = _saved(given.saved) if given.saved else _run(given)
        report = _REPORTS[outcome.table](outcome.measured)
        text = f"{outcome.measured.extent()}; {outcome.circumstances.text()}\n\n{report}"
        if given.write:
            write_between(given.write, outcome.table, text)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    shown = msgspec.json.encode(outcome).decode() if given.json else text
    sys.stdout.write(shown + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench detection", description=__doc__)
    parser.add_argument("table", nargs="?", choices=_REPORTS, default="comparison")
    parser.add_argument("--seeds", type=int, default=5, help="seeds 1 to this (default 5)")
    parser.add_argument("--quick", action="store_true", help="two seeds")
    parser.add_argument("--streams", nargs="+", default=[], metavar="NAME", help="only these")
    parser.add_argument("--json", action="store_true", help="every number as JSON")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put tables into this document")
    parser.add_argument(
        "--saved", type=Path, metavar="FILE", help="no run: take what an earlier --json printed"
    )
    return parser


def _run(given: argparse.Namespace) -> Outcome:
    recipes, left_out = choose(given.streams)
    absent = [f"{count} streams (package {name})" for name, count in left_out.items()]
    if given.table == "ablation":
        found = variants()
    else:
        found, missing = contenders()
        absent += missing
    if given.seeds < 1:
        raise ConfigurationError(f"--seeds is at least 1, not {given.seeds}")
    seeds = list(range(1, 1 + (_QUICK if given.quick else given.seeds)))
    return Outcome(given.table, measure(recipes, found, seeds), here(absent))


def _saved(file: Path) -> Outcome:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Outcome)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigurationError(f"{file}: is no outcome that --json printed: {error}") from error
