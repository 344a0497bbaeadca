"""`make bench`: speed as JSON; `end-to-end`: on Kafka; `detection`, `cold-start`, ...: quality."""

import argparse
import json
import sys

from benchmarks import cold_start, explanation
from benchmarks.detection import command as detection
from benchmarks.end_to_end import command as end_to_end
from benchmarks.scoring import compare
from demo.streams import names, read


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["detection"]:
        sys.exit(detection.main(sys.argv[2:]))
    if sys.argv[1:2] == ["cold-start"]:
        sys.exit(cold_start.main(sys.argv[2:]))
    if sys.argv[1:2] == ["end-to-end"]:
        sys.exit(end_to_end.main(sys.argv[2:]))
    if sys.argv[1:2] == ["explanation"]:
        explanation.main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--stream", default="shuttle", help=f"one of {', '.join(names())}, or CSV")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default 5)")
    given = parser.parse_args()
    found = {"scoring": compare(read(given.stream), given.rounds)}
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
