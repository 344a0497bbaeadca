"""Compiling the inner loops of peers, kept on disk, typed as they are written."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """The function compiled at its first call, without fastmath."""
    return cast("Function", njit(cache=True)(function))
