"""The `floodline` command: hands over to the command line where the processes are installed."""

import importlib
import importlib.util
import sys


def main() -> int:
    """Run the command line; a library-only install gets one clear message and exit code 3."""
    if importlib.util.find_spec("cli.main") is None:
        sys.stderr.write(
            "floodline: this is the library alone. The processes (consume, serve, train, demo) run "
            "from a checkout (`make setup`) or the image; see README, 'Deploy'.\n"
        )
        return 3
    run = importlib.import_module("cli.main").run
    return int(run())


if __name__ == "__main__":
    sys.exit(main())
