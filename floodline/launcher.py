"""The `floodline` command: hands over to the command line where the processes are installed."""

import importlib
import importlib.util
import sys
from importlib.machinery import PathFinder

_INTERRUPTED = 130


def main() -> int:
    """Run the command line; a library-only install gets one clear message and exit code 3.

    An interrupt while it loads ends quietly with 130.
    """
    try:
        if not _processes_are_there():
            sys.stderr.write(
                "floodline: this is the library alone. The processes (consume, serve, train, demo) "
                "run from a checkout (`make setup`) or the image; see README, 'Deploy'.\n"
            )
            return 3
        run = importlib.import_module("cli.main").run
        return int(run())
    except KeyboardInterrupt:
        return _INTERRUPTED


def _processes_are_there() -> bool:
    """Whether `cli` is ours: others may bear that name, and looking must not run their code."""
    package = importlib.util.find_spec("cli")
    if package is None or package.submodule_search_locations is None:
        return False
    modules = ("cli.main", "cli.consume_command")
    places = list(package.submodule_search_locations)
    return all(PathFinder.find_spec(module, places) is not None for module in modules)


if __name__ == "__main__":
    sys.exit(main())
