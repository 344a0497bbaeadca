"""Compiled kernels on disk: kept, and compiled anew where a file is damaged."""

import importlib.util
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SOURCE = """
from floodline.detection.kernels.compiled import borrowing

@borrowing
def twice(number):
    return 2 * number
"""
_names = (f"damaged_kernels_{number}" for number in itertools.count())


def kernel(folder: Path) -> Any:
    """The kernel of a module in `folder`, as another process would load it."""
    file = folder / "kernels.py"
    if not file.exists():
        file.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location(next(_names), file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.twice


def loaded(function: Any) -> int:
    """How many signatures came from disk."""
    return sum(function.stats.cache_hits.values())


Damage = Callable[[bytes], bytes]


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-9] + bytes(9),
        lambda data: bytes(len(data)),
    ],
    ids=["empty", "cut", "end", "zeros"],
)
def test_a_damaged_kernel_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, damage: Damage
) -> None:
    """An empty or cut index or code file is warned of with its folder, replaced, and then loads."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr("numba.core.config.CACHE_DIR", "")
    first, second = kernel(tmp_path), kernel(tmp_path)
    assert (first(4), loaded(first)) == (8, 0)
    assert (second(4), loaded(second)) == (8, 1)
    (file,) = tmp_path.rglob(f"*.{ending}")
    file.write_bytes(damage(file.read_bytes()))
    third, fourth = kernel(tmp_path), kernel(tmp_path)
    with pytest.warns(RuntimeWarning, match=f"{file.parent} are damaged"):
        assert (third(4), loaded(third)) == (8, 0)
    assert (fourth(4), loaded(fourth)) == (8, 1)
