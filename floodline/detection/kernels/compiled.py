"""How kernels are compiled: cached on disk, without fastmath and without the interpreter's lock.

A kernel works on its arguments alone, so other threads may run Python meanwhile; what it writes to
belongs to one thread at a time.
"""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

from floodline.detection.kernel_files import checked

Function = TypeVar("Function", bound=Callable[..., Any])

_HERE = Path(__file__).parent


def compiled(function: Function) -> Function:
    """The function as a kernel that Numba compiles at its first call and keeps on disk.

    Numba keeps it beside the source, else in the user's cache folder.
    """
    return _compiled(function)


def borrowing(function: Function) -> Function:
    """As `compiled`, for a kernel that makes no array and slices none.

    It only borrows its caller's arrays, so it need not count references to them, which in short
    kernels costs as much as the work.
    """
    return _compiled(function, _nrt=False)


def embedded(function: Function) -> Function:
    """As `borrowing`, and a part of the machine code of every kernel that calls it.

    A call that passes arrays takes as long as a short kernel's work.
    """
    return _compiled(function, _nrt=False, forceinline=True)


def _compiled(function: Function, **options: Any) -> Function:
    # Reference counting is an option of Numba's that its types do not list.
    make: Any = njit
    try:
        kernel = make(cache=True, nogil=True, **options)(function)
    except RuntimeError:  # Numba finds no folder that it may write to: each process compiles anew
        return cast("Function", make(nogil=True, **options)(function))
    _stamp(kernel, Path(function.__code__.co_filename).parent)
    return cast("Function", kernel)


def load(kernel: Callable[..., Any], *arguments: Any) -> None:
    """Compile or load the kernel for arrays as these, and for no others: it refuses them then.

    So a caller need not check types that Numba looks at anyway, and no call ever compiles.
    """
    numba_kernel: Any = kernel
    numba_kernel.disable_compile(False)
    kernel(*arguments)
    numba_kernel.disable_compile()


def inlined(function: Function) -> Function:
    """The function as a part of every kernel that calls it, without a call."""
    return cast("Function", njit(inline="always")(function))


def _stamp(kernel: Any, folder: Path) -> None:
    """Bind the kept kernel to all sources of its folder, and its files to what was written.

    Numba looks only at the kernel's own file, and trusts what it finds on disk.
    """
    cache = getattr(kernel, "_cache", None)
    kept = getattr(cache, "_cache_file", None)
    if cache is not None and kept is not None:
        stamp = _sources(_HERE) + _sources(folder)
        cache._cache_file = checked(kept, stamp)  # noqa: SLF001  # Numba has no public name for it


@functools.cache
def _sources(folder: Path) -> str:
    files = sorted(folder.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
