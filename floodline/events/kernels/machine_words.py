"""Eight bytes at a time, and what the machine does with 64 bits but Numba has no name for."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

Text = NDArray[np.uint8]


def _word_at(_typing: Any, text: Any, _place: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        start = cgutils.gep_inbounds(builder, array.data, arguments[1])
        pointer = context.get_value_type(types.uint64).as_pointer()
        return builder.load(builder.bitcast(start, pointer), align=1)

    return types.uint64(text, types.intp), code


def _high_product(_typing: Any, _left: Any, _right: Any) -> Any:
    def code(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        narrow = context.get_value_type(types.uint64)
        wide = type(narrow)(128)
        left, right = (builder.zext(argument, wide) for argument in arguments)
        return builder.trunc(builder.lshr(builder.mul(left, right), wide(64)), narrow)

    return types.uint64(types.uint64, types.uint64), code


def _leading_zeros(_typing: Any, _word: Any) -> Any:
    def code(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], context.get_constant(types.boolean, False))

    return types.int64(types.uint64), code


def _trailing_zeros(_typing: Any, _word: Any) -> Any:
    def code(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], context.get_constant(types.boolean, False))

    return types.int64(types.uint64), code


_make: Any = intrinsic
word_at = cast("Callable[[Text, int], np.uint64]", _make(_word_at))
"""The eight bytes from this place on, the first one lowest; no bound is checked."""
high_product = cast("Callable[[np.uint64, np.uint64], np.uint64]", _make(_high_product))
"""The upper 64 of a product's 128 bits."""
leading_zeros = cast("Callable[[np.uint64], int]", _make(_leading_zeros))
"""How many upper bits are 0; 64 for 0."""
trailing_zeros = cast("Callable[[np.uint64], int]", _make(_trailing_zeros))
"""How many lower bits are 0; 64 for 0."""
