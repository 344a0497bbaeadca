"""The figures of a simulation as text."""

from collections.abc import Iterator
from typing import Any


def report(figures: dict[str, Any]) -> str:
    """What was asked, what each method found, and how each threshold kept its promise."""
    return "\n".join(_lines(figures))


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    share = figures["anomalies"] / figures["events"]
    yield (
        f"{figures['file']}: {figures['events']:,} events, {figures['anomalies']:,} anomalies "
        f"({share:.1%}), {len(figures['features'])} features, profile {figures['profile']}"
    )
    yield (
        f"{figures['windows']} windows of {figures['events_a_window']:,} events, "
        f"{figures['labels']:,} labels, {figures['noise']:.0%} of them wrong, known "
        f"{figures['delay']} windows later; {figures['seeds']} seeds"
    )
    yield ""
    yield f"{'method':<16}{'found':>9}{'reviewed':>10}{'a review':>10}{'average precision':>19}"
    for name, found in figures["methods"].items():
        yield (
            f"{name:<16}{found['found']:>9,.1f}{found['labels']:>10,.1f}"
            f"{_number(found['found_per_review']):>10}{_number(found['average_precision']):>19}"
        )
    ranked = next(iter(figures["methods"].values()))["ranked"]
    yield f"average precision is over the {ranked:,.0f} anomalies of the second half"
    for name, found in figures["methods"].items():
        if "target_held" in found:
            yield from _promise(name, found, figures)


def _promise(name: str, found: dict[str, Any], figures: dict[str, Any]) -> Iterator[str]:
    runs = [each["promise"] for each in found["runs"]]
    promised = sum(each["promised"] for each in runs)
    yield ""
    yield (
        f"{name}, asked for {figures['target_precision']:.0%} real alerts at "
        f"{figures['confidence']:.0%} confidence:"
    )
    yield (
        f"  held by the alerts of the last third in {_held(runs)}; promised at the end in "
        f"{promised} of {len(runs)}, of these broken in {found['broken']}"
    )
    yield (
        f"  intervals that hold the truth at the end: precision "
        f"{_covered(runs, 'precision')}, recall {_covered(runs, 'recall')}"
    )
    yield (
        f"  {'seed':>4}{'threshold':>11}{'alerts':>8}{'last third: real':>18}{'recall':>8}"
        f"{'best':>7}  {'held':<6}{'promised':<10}"
        f"{'precision at the end':<29}{'recall at the end'}"
    )
    for each in found["runs"]:
        yield _run(each["seed"], each["promise"])
    yield "  best: the recall of the best fixed threshold that holds the target there, in hindsight"


def _run(seed: int, promise: dict[str, Any]) -> str:
    end = promise["path"][-1]
    held = {True: "yes", False: "no", None: "-"}
    real = f"{_number(promise['real_precision'])} of {promise['alerts_last_third']:,}"
    return (
        f"  {seed:>4}{_number(end['threshold'], 4):>11}{promise['alerts']:>8,}{real:>18}"
        f"{_number(promise['real_recall']):>8}{_number(promise['best_recall']):>7}"
        f"  {held[promise['held']]:<6}{held[promise['promised']]:<10}"
        f"{_claim(end['precision']):<29}{_claim(end['recall']):<29}"
    ).rstrip()


def _held(runs: list[dict[str, Any]]) -> str:
    raised = [each["held"] for each in runs if each["held"] is not None]
    silent = len(runs) - len(raised)
    said = f"{sum(raised)} of {len(raised)} seeds"
    return f"{said} ({silent} without any alert there)" if silent else said


def _covered(runs: list[dict[str, Any]], name: str) -> str:
    known = [each["path"][-1][name]["covered"] for each in runs]
    known = [each for each in known if each is not None]
    return f"{sum(known)} of {len(known)}"


def _claim(claim: dict[str, Any]) -> str:
    if claim["value"] is None:
        return f"unknown (true: {_number(claim['truth'])})"
    return (
        f"{_number(claim['lower'])} to {_number(claim['upper'])} (true: {_number(claim['truth'])})"
    )


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
