"""`floodline compile`: the kernels, so that no first start waits for them."""

import sys
import time

from cli.options import JsonOption, print_json


def compile_kernels(as_json: JsonOption = False) -> None:
    """Compile the kernels and keep them on disk; done once, by `make setup` and in an image.

    They are kept beside the source, else in the user's cache folder, or where $NUMBA_CACHE_DIR
    says; each change of the kernels or of the processor compiles anew. Example: `floodline compile`
    """
    # Imported late: Numba takes half a second, and `floodline --help` should not.
    from floodline.events.preparation import prepare

    seconds = prepare(time.perf_counter)
    if as_json:
        print_json({"seconds": seconds})
    else:
        sys.stdout.write(f"kernels ready after {seconds:.1f} s\n")
