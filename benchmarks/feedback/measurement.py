"""`floodline bench feedback`: what labels find, method by method, on streams listed beforehand."""

from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from typing import Any

from benchmarks.feedback.figures import of_stream, of_streams
from benchmarks.feedback.runs import EVERY, METHODS, Lived, Task, lived
from benchmarks.feedback.streams import Played
from benchmarks.feedback.variants import LABELS, OFTEN, VARIANTS, Variant
from floodline.errors import ConfigurationError

Say = Callable[[str], None]


def measure(
    streams: Sequence[Played],
    variants: Sequence[str],
    methods: Sequence[str],
    seeds: int,
    workers: int,
    say: Say,
) -> dict[str, Any]:
    """Every method on every stream under every variant, in `workers` processes.

    Raises:
        ConfigurationError: there is no such variant or method.
    """
    methods = _with_plain(_known("--methods", methods or list(METHODS), EVERY))
    chosen = [VARIANTS[name] for name in _known("--variants", variants, VARIANTS)]
    tasks = list(_tasks(streams, chosen, methods, seeds))
    done: list[Lived] = []
    with get_context("spawn").Pool(workers) as pool:
        for each in pool.imap_unordered(lived, tasks):
            done.append(each)
            say(f"{len(done)} of {len(tasks)}: {each.stream}, {each.variant} {each.why}")
    order = {(task.played.name, task.variant.name): at for at, task in enumerate(tasks)}
    done.sort(key=lambda each: order[each.stream, each.variant])
    figures: dict[str, Any] = {"labels": LABELS, "seeds": seeds, "methods": methods}
    for group in dict.fromkeys(each.group for each in done):
        figures[group.replace(" ", "_")] = {
            variant: of_streams(members, methods) | {"by_stream": _by_stream(members)}
            for variant in dict.fromkeys(each.variant for each in done)
            if (members := [e for e in done if (e.group, e.variant) == (group, variant)])
        }
    return figures


def _tasks(
    streams: Sequence[Played], variants: Sequence[Variant], methods: Sequence[str], seeds: int
) -> Iterator[Task]:
    for played in streams:
        own = [*variants, *([OFTEN] if played.in_time and played.group != "held out" else [])]
        for variant in own:
            yield Task(
                played=played,
                variant=variant,
                methods=tuple(methods),
                seeds=tuple(range(1, 1 + seeds)),
            )


def _by_stream(members: Sequence[Lived]) -> dict[str, Any]:
    return {each.stream: of_stream(each) for each in members if each.runs}


def _known(option: str, names: Sequence[str], among: dict[str, Any]) -> list[str]:
    unknown = sorted(set(names) - set(among))
    if unknown:
        raise ConfigurationError(
            f"{option} {', '.join(unknown)}: there are {', '.join(among)}; name some of these"
        )
    return [name for name in among if name in names] or list(among)


def _with_plain(methods: list[str]) -> list[str]:
    return ["none", *(name for name in methods if name != "none")]
