"""How large a named detector may be: known before anything of it is made."""

from collections.abc import Mapping
from typing import Any

from floodline.detection.parameters import NamedDetector
from floodline.errors import ConfigurationError

MOST_FEATURES = 10_000
LARGEST = 10_000_000
MOST_NUMBERS = 10_000_000
MOST_LEAVES = 2**20

_DEEPEST = 20
_TREES: Mapping[str, int] = {"n_trees": 10, "height": 8}  # River's own where none are given


def check_limits(parameters: NamedDetector, features: tuple[str, ...]) -> None:
    """Refuse what River would work on for hours, or fill the memory with.

    Raises:
        ConfigurationError: says which parameter, and what it may be.
    """
    if not 1 <= len(features) <= MOST_FEATURES:
        raise ConfigurationError(
            f"a named detector has 1 to {MOST_FEATURES:,} features, not {len(features)}"
        )
    for table in parameters.parameters:
        _check_table(table, len(features), 0)


def _check_table(table: Mapping[Any, Any], features: int, depth: int) -> None:
    if depth > _DEEPEST:
        raise ConfigurationError(f"parameters lie in tables of at most {_DEEPEST} levels")
    numbers = {
        str(name): value for name, value in table.items() if type(value) is int and name != "seed"
    }
    for name, value in numbers.items():
        if abs(value) > LARGEST:
            raise ConfigurationError(f"{name} is at most {LARGEST:,}, not {value:,}")
    _check_products(numbers, features)
    for value in table.values():
        for inner in value if isinstance(value, list | tuple) else (value,):
            if isinstance(inner, Mapping):
                _check_table(inner, features, depth + 1)


def _check_products(numbers: Mapping[str, int], features: int) -> None:
    """Refuse counts that are each allowed and too many together."""
    counted = [name for name in numbers if name.startswith("n_") and name != "n_features"]
    together = features
    for name in counted:
        together *= max(numbers[name], 1)
    if together > MOST_NUMBERS:
        counts = ", ".join(counted)
        raise ConfigurationError(
            f"{counts} and the number of features have a product of at most {MOST_NUMBERS:,}, "
            f"not {together:,}"
        )
    degree = numbers.get("degree", 1)
    if degree > 1 and (degree > _DEEPEST or (features + 1) ** degree > 1_000_000):
        raise ConfigurationError(
            f"degree {degree} of {features} features makes more than a million products"
        )
    if not _TREES.keys().isdisjoint(numbers):
        trees, height = (numbers.get(name, usual) for name, usual in _TREES.items())
        if height > _DEEPEST or trees * 2 ** max(height, 0) > MOST_LEAVES:
            raise ConfigurationError(
                f"{trees} trees of height {height} have more than {MOST_LEAVES:,} leaves or are "
                f"taller than {_DEEPEST}; take profile `river`, which makes larger ones"
            )
