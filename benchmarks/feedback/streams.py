"""The streams of the benchmark, written down before its first run, and how each is played.

`DEV` may choose parameters; `HELD_OUT` judges. No table is on both sides. The shipped streams are
reported apart: on two of them the plain forest finds nearly all that can be found.
"""

import re
import sys
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.detection.catalogue import all_recipes, choose
from benchmarks.detection.labelled_stream import LabelledStream, Recipe
from benchmarks.feedback.flipped import flipped
from demo.streams import names
from floodline.errors import ConfigurationError
from floodline.events.files.event_file import Wanted
from floodline.events.files.opening import open_events
from floodline.simulation.run import Stream

LONGEST = 12_000
"""Events of a stream without an order, a draw of them; one in time order is played whole."""
SHARE = 0.05
"""Anomalies of streams without an order are thinned to this part of the events."""

_ENDING = re.compile(r"(?P<name>.+?)(?:\.(?:csv|tsv|ndjson|jsonl)(?:\.gz)?|\.npz|\.parquet)\Z")

DEV = (
    "pendigits_0",
    "pendigits_389",
    "satellite",
    "page_blocks0",
    "spambase",
    "banana",
    "nursery",
    "twonorm",
    "fars",
    "stroke",
    "made_local",
    "made_clustered",
    "made_heavy_tails",
    "made_irrelevant",
    "made_one_hot",
    "made_drift",
    "made_bursts",
)
"""Streams that may choose parameters."""

HELD_OUT = (
    "letter_udp",
    "letter_z",
    "magic",
    "optdigits_0",
    "optdigits_17v4",
    "texture_2",
    "ring_inner",
    "phoneme",
    "mushroom",
    "chess_kp",
    "marketing_9",
    "abalone19",
    "krk_3v11",
    "wine_white_low",
    "hypothyroid",
    "compactiv",
    "ada",
    "sylva",
    "grid_local",
    "puma_local",
    "electric_injected",
    "vowels_speaker",
    "made_global",
    "made_dependency",
    "made_log_normal",
    "made_zero_inflated",
    "made_factor_noise",
    "made_hollow",
    "made_two_rates",
    "made_wide_noise",
    "made_level_shifts",
    "made_season_phase",
    "made_new_mode",
    "made_traffic",
    "made_season_lags",
    "made_lost_link",
)
"""Streams that judge, and choose nothing."""

IN_TIME = ("http_a", "nab_machine_temp")
"""Shipped streams whose order is that of time."""


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """One stream of the benchmark.

    Attributes:
        group: `dev`, `held out`, `shipped` or `given`.
        in_time: played in its order with every seed; else each seed shuffles it.
        load: reads or makes the whole of it.
    """

    name: str
    group: str
    in_time: bool
    load: Callable[[], LabelledStream]

    def stream(self, found: LabelledStream, seed: int) -> Stream:
        """What `load` gave, as it is played with a seed.

        Where order says nothing it is shuffled, thinned and cut.
        """
        if self.in_time:
            return Stream(found.rows, found.truth)
        draw = np.random.default_rng([zlib.crc32(self.name.encode()), seed])
        odd, usual = np.flatnonzero(found.truth), np.flatnonzero(~found.truth)
        most = min(odd.size, round(usual.size * SHARE / (1 - SHARE)))
        kept = np.concatenate([usual, draw.permutation(odd)[:most]])
        order = draw.permutation(kept)[:LONGEST]
        return Stream(np.ascontiguousarray(found.rows[order]), found.truth[order])


def of_group(group: str) -> tuple[list[Played], dict[str, int]]:
    """The streams of a group, and how many each absent package leaves out.

    Raises:
        ConfigurationError: there is no such group.
    """
    if group == "flip":
        return [Played(name="made_flip", group=group, in_time=True, load=flipped)], {}
    groups = {"dev": DEV, "held out": HELD_OUT, "shipped": tuple(names())}
    if group not in groups:
        raise ConfigurationError(f"no group {group!r}: there are {', '.join(groups)}, flip")
    wanted = groups[group]
    there, absent = choose([])
    lost = {each.source: 0 for each in all_recipes() if each.source in absent}
    for each in all_recipes():
        if each.name in wanted and each.source in lost:
            lost[each.source] += 1
    by_name = {each.name: each for each in there}
    found = [_of_recipe(by_name[name], group) for name in wanted if name in by_name]
    return found, {package: count for package, count in lost.items() if count}


def _of_recipe(recipe: Recipe, group: str) -> Played:
    in_time = recipe.order == "time" or recipe.name in IN_TIME
    return Played(name=recipe.name, group=group, in_time=in_time, load=recipe.load)


def of_folder(folder: Path, in_time: tuple[str, ...], label: str) -> list[Played]:
    """Every labelled file of a folder that events can be read from; its numeric columns count.

    Those named, and the shipped ones that have an order, are played in it; others are shuffled.

    Raises:
        ConfigurationError: there are none, two have one name, or a name is of none of them.
    """
    files: dict[str, Path] = {}
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        named = _ENDING.match(file.name)
        if named is not None and files.setdefault(named["name"], file) != file:
            raise ConfigurationError(
                f"{folder}: {files[named['name']].name} and {file.name} have one name; rename one"
            )
    if not files:
        raise ConfigurationError(
            f"{folder}: has no .csv, .ndjson, .npz or .parquet file; name the streams' folder"
        )
    unknown = sorted(set(in_time) - set(files))
    if unknown:
        raise ConfigurationError(
            f"--in-time {', '.join(unknown)}: {folder} has {', '.join(files)}; name some of these"
        )
    return [
        Played(
            name=name,
            group="given",
            in_time=name in {*in_time, *IN_TIME},
            load=partial(_read, file, label),
        )
        for name, file in files.items()
    ]


def _read(file: Path, label: str) -> LabelledStream:
    """All events of a file in its order.

    Raises:
        ConfigurationError: it has no such column, or none of numbers beside it.
    """
    with open_events(str(file), None, sys.stdin.buffer) as events:
        if label not in events.columns:
            raise ConfigurationError(
                f"{file}: has no column {label!r}; name the truth's column with --label"
            )
        features = tuple(name for name in events.numeric if name != label)
        if not features:
            raise ConfigurationError(f"{file}: has no column of numbers beside {label!r}")
        wanted = Wanted(features=features, label=label, skip_invalid=False)
        rows, truth = [np.empty((0, len(features)))], [np.empty(0, np.bool_)]
        for chunk in events.chunks(wanted):
            rows.append(chunk.rows)
            truth.append(chunk.labels if chunk.labels is not None else np.empty(0, np.bool_))
    return LabelledStream(np.concatenate(rows), np.concatenate(truth))
