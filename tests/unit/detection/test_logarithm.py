"""log2 and 2 ** x: right to about one unit in the last place, and the same on every machine."""

import math
from decimal import Decimal, localcontext
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floodline.detection.kernels import remembering
from floodline.detection.kernels.logarithm import exp2, log2
from floodline.detection.parameters import DefaultProfile
from floodline.detection.remembering_forest import RememberingForest

UNIT = 2.0**-52
POSITIVE = st.floats(min_value=5e-324, allow_infinity=False, allow_nan=False)


def true_log2(value: float) -> Decimal:
    """To 50 digits."""
    return Decimal(value).ln() / Decimal(2).ln()


@settings(max_examples=500, deadline=None, derandomize=True)
@given(POSITIVE | st.floats(0.5, 2.0))
def test_log2_is_the_binary_logarithm(value: float) -> None:
    """It is within a unit in the last place of the true one, or within 1e-15 of it."""
    with localcontext() as context:
        context.prec = 50
        error = abs(Decimal(log2(value)) - true_log2(value))
        assert error <= max(1e-15, UNIT * abs(math.log2(value)))


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.floats(-1000.0, 1000.0))
def test_exp2_is_the_power_of_two(value: float) -> None:
    """It is within 1e-15 of the true one, relatively."""
    with localcontext() as context:
        context.prec = 50
        true = (Decimal(value) * Decimal(2).ln()).exp()
        assert abs(Decimal(exp2(value)) / true - 1) <= 1e-15


def test_powers_of_two_are_exact() -> None:
    """Every power of 2 that float64 has, denormal ones among them, and back."""
    for exponent in range(-1074, 1024):
        assert log2(math.ldexp(1.0, exponent)) == exponent
    for exponent in range(-1000, 1001):
        assert exp2(float(exponent)) == math.ldexp(1.0, exponent)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.floats(1e-300, 1e300), st.floats(-1000.0, 1000.0), st.integers(1, 40))
def test_order_is_kept_up_to_rounding(value: float, power: float, steps: int) -> None:
    """A larger argument has no smaller result, save for the error that is stated."""
    larger, higher = value, power
    for _ in range(steps):
        larger, higher = math.nextafter(larger, math.inf), math.nextafter(higher, math.inf)
    assert log2(larger) >= log2(value) - max(2e-15, 2 * UNIT * abs(log2(value)))
    assert exp2(higher) >= exp2(power) * (1 - 2e-15)


@pytest.mark.parametrize("name", ["log2", "exp2"])
def test_compiled_and_interpreted_bits_agree(name: str) -> None:
    """The machine code has the bits of the same steps in plain Python."""
    kernel: Any = {"log2": log2, "exp2": exp2}[name]
    random = np.random.default_rng(3)
    values = random.uniform(-1000, 1000, 2_000)
    for value in (np.exp2(values) if name == "log2" else values).tolist():
        assert kernel(value) == kernel.py_func(value)


def test_no_step_of_a_score_is_fused() -> None:
    """A fused multiply-add rounds once where two steps round twice: no machine code has one."""
    forest = RememberingForest(DefaultProfile(trees=2, window=20, guard=0.02), ("a", "b"))
    rows = np.random.default_rng(1).normal(size=(200, 2))
    forest.score_learn_many(rows)
    forest.bits_many(rows)
    for name in ("advance", "bits_of"):  # all others are linked into these
        kernel: Any = vars(remembering)[name]
        again = numba.njit(kernel.py_func)  # a kept kernel does not show its code
        again.compile(kernel.signatures[0])
        code = again.inspect_asm(kernel.signatures[0])
        assert "mul" in code
        assert not [step for step in ("vfm", "vfnm", "fmadd", "fmla", "fmls") if step in code]
