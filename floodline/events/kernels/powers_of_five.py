"""The upper 128 bits of powers of five, as the conversion of decimal numbers needs them."""

import numpy as np
from numpy.typing import NDArray

LOWEST, HIGHEST = -342, 308
"""Below, fewer than 20 digits times ten to that power are 0; above, they are infinite."""
_BITS = 128


def upper_bits(power: int) -> int:
    """5 to this power times the power of 2 that makes 128 bits of it; cut off, or up if power < 0.

    Appendix B of D. Lemire, "Number parsing at a gigabyte per second", Software: Practice and
    Experience 51 (8), 2021.
    """
    five = 5 ** abs(power)
    if power >= 0:
        return five << (_BITS - five.bit_length()) if five < 1 << _BITS else _cut(five)
    length = (five - 1).bit_length()
    if power >= -27:
        return (1 << (length + _BITS - 1)) // five + 1
    return _cut((1 << (2 * length + _BITS)) // five + 1)


def _cut(number: int) -> int:
    return number >> max(number.bit_length() - _BITS, 0)


def table() -> NDArray[np.uint64]:
    """Upper and lower word of `upper_bits` for each power from LOWEST to HIGHEST, (powers, 2)."""
    every = [upper_bits(power) for power in range(LOWEST, HIGHEST + 1)]
    return np.array([(bits >> 64, bits & 0xFFFF_FFFF_FFFF_FFFF) for bits in every], np.uint64)
