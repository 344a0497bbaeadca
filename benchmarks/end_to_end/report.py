"""The figures of a run as Markdown."""

from collections.abc import Mapping
from typing import Any

from benchmarks.detection.markdown import table

NAMES = {
    "consume_only": "consume only: `consume(500)`, `error()`, `value()`",
    "consume_orjson": "and `orjson.loads`",
    "consume_matrix": "and msgspec to a matrix",
    "floodline": "**`floodline consume`**, River profile, 10 trees of height 8",
    "floodline_default": "**`floodline consume`**, default profile, 50 trees",
    "river_loop": "`poll`, `json.loads`, River's pipeline, `produce`",
}
_RATIO_NAMES = {
    "over_orjson": "River profile over consume and `orjson.loads`",
    "over_matrix": "River profile over consume and msgspec to a matrix",
    "over_river_loop": "River profile over the loop with River",
    "default_over_orjson": "default profile over consume and `orjson.loads`",
}


def report(figures: Mapping[str, Any]) -> str:
    """The tables of what was measured, with when and where."""
    parts = [_circumstances(figures), _speeds(figures), _ratios(figures)]
    if "latency_ms" in figures:
        parts.append(_latencies(figures["latency_ms"]))
    if "partitions" in figures:
        parts.append(_partitions(figures["partitions"]))
    return "\n\n".join(parts)


def _circumstances(figures: Mapping[str, Any]) -> str:
    machine = figures["machine"]
    libraries = ", ".join(
        f"{name} {machine[name]}"
        for name in ("librdkafka", "confluent-kafka", "orjson", "msgspec", "river")
    )
    return (
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores shared by broker and "
        f"clients, load {machine['load_before']} before the run; Python {machine['python']}, Kafka "
        f"{machine['kafka']}, {libraries}. {figures['events']:,} events of {figures['bytes']} "
        f"bytes, one partition, {figures['rounds']} interleaved rounds, medians."
    )


def _speeds(figures: Mapping[str, Any]) -> str:
    cpu, alerts = figures["cpu_microseconds"], figures["alerts_per_1000"]
    return table(
        ["one process", "events/s", "CPU µs an event", "alerts in 1,000"],
        [
            [
                title,
                f"{figures[name]:,.0f}",
                f"{cpu[name]:.2f}",
                f"{alerts[name]:.2f}" if name in alerts else "",
            ]
            for name, title in NAMES.items()
        ],
    )


def _ratios(figures: Mapping[str, Any]) -> str:
    cpu = figures["cpu_ratios"]
    return table(
        ["ratio, within rounds", "by the clock", "by CPU time"],
        [
            [title, f"{figures[name]:.2f}", f"{cpu[name]:.2f}"]
            for name, title in _RATIO_NAMES.items()
        ],
    )


def _latencies(found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    rows = [
        [
            f"{int(rate):,}",
            {"floodline": "River", "floodline_default": "default"}[profile],
            f"{each['p50']:.0f} ms",
            f"{each['p99']:.0f} ms",
            f"{each['alerts']:,}",
            f"{each['reached']:,.0f}",
            f"{each['behind_seconds']:.2f} s",
        ]
        for profile, by_rate in found.items()
        for rate, each in by_rate.items()
    ]
    head = ["events/s asked for", "profile", "p50", "p99", "alerts", "reached", "behind at the end"]
    return table(head, rows)


def _partitions(found: list[Mapping[str, Any]]) -> str:
    rows = [
        [
            str(each["partitions"]),
            str(each["processes"]),
            f"{each['events_per_second']:,.0f}",
            f"{each['over_one']:.2f}",
            f"{each['cpu_microseconds']:.2f}",
        ]
        for each in found
    ]
    head = ["partitions", "processes", "events/s of all", "over one and one", "CPU µs an event"]
    return table(head, rows)
