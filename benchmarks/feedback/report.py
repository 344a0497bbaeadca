"""The figures of the feedback benchmark as tables in Markdown."""

from collections.abc import Iterator
from typing import Any

from benchmarks.detection.markdown import table
from benchmarks.feedback.figures import GROUPS, ROOM


def report(figures: dict[str, Any]) -> str:
    """One table for each group and variant, then stream by stream."""
    return "\n".join(_lines(figures))


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    methods = figures["methods"]
    for group in GROUPS:
        for variant, found in figures.get(group, {}).items():
            yield (
                f"{group.replace('_', ' ')}, {variant}: {found['streams']} streams, "
                f"{figures['labels']} labels, {figures['seeds']} seeds"
            )
            for stream, why in found["left_out"].items():
                yield f"left out: {stream}: {why}"
            if found["streams"]:
                yield ""
                yield _totals(found, methods)
                yield ""
                yield (
                    f"who knew what is real would find {found['most']:,.1f} with these reviews, "
                    f"{_number(found['most_ratio'], 2)} times as much as the plain forest"
                )
                yield ""
                yield from _parts(found["parts"], methods)
                yield _by_stream(found["by_stream"], methods)
                yield ""
                yield _whole(found["by_stream"], methods)
            yield ""


def _totals(found: dict[str, Any], methods: list[str]) -> str:
    head = ["method", "found", "/ none", "AP", "/ none", "worst stream", "streams >= .98"]
    return table(
        head,
        (
            [
                name,
                f"{row['found']:,.1f}",
                _number(row["found_ratio"], 2),
                _number(row["average_precision"]),
                _number(row["average_precision_ratio"], 2),
                f"{row['worst']:.2f} {row['worst_stream']}",
                f"{row['kept']} of {found['streams']}",
            ]
            for name in methods
            for row in [found[name]]
        ),
    )


def _parts(parts: dict[str, Any], methods: list[str]) -> Iterator[str]:
    named = {
        "with_room": f"leave room: {ROOM} times what the plain forest finds could be found",
        "of_others": "hold data of others",
        "made": "are of our own making",
    }
    for name, what in named.items():
        part = parts[name]
        yield f"{part['streams']} of them {what}"
        yield ""
        if part["streams"]:
            yield _part(part, methods)
            yield ""


def _part(part: dict[str, Any], methods: list[str]) -> str:
    rows = [
        [
            name,
            _number(part[name]["found_ratio"], 2),
            _number(part[name]["average_precision_ratio"], 2),
        ]
        for name in methods
    ]
    rows.append(["who knew", _number(part["most_ratio"], 2), "-"])
    return table(["method", "found / none", "AP / none"], rows)


def _by_stream(streams: dict[str, Any], methods: list[str]) -> str:
    head = ["stream", "anomalies", *methods, *(f"AP {name}" for name in methods)]
    rows = []
    for stream, row in streams.items():
        cells = [stream, f"{row['anomalies']:,}"]
        cells += [f"{row[name]['found']:.1f}" for name in methods]
        cells += [_number(row[name]["average_precision"]) for name in methods]
        rows.append(cells)
    return table(head, rows)


def _whole(streams: dict[str, Any], methods: list[str]) -> str:
    head = ["over all events", *(f"AUC {name}" for name in methods)]
    head += [f"AP {name}" for name in methods]
    rows = []
    for stream, row in streams.items():
        cells = [_number(row[name]["whole_auc"]) for name in methods]
        cells += [_number(row[name]["whole_average_precision"]) for name in methods]
        rows.append([stream, *cells])
    return table(head, rows)


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
