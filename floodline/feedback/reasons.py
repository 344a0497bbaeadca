"""Why the threshold is moved or held, in plain words: what was decided, why, what would change it.

Each reason completes "the threshold is": "raised from 0.2000 to 0.6000: ...", "held: ...".
"""

from collections.abc import Sequence

from floodline.feedback.policies import LENIENCE, Aim, AlertBudget, LeastCost, Policy
from floodline.feedback.spoken_rate import spoken_rate

FIXED = "the policy is fixed, so labels move nothing; a person can set another threshold"
AT_ONE = "labels do not lower a threshold of 1; a person can"
APART = (
    "the labels of single analysts in the last day ask for thresholds too far apart "
    "(threshold.analyst_step)"
)


def moved(
    start: float, after: float, wanted: Aim, policy: Policy, limits: Sequence[str] = ()
) -> str:
    """Why it is moved; `limits` say what kept it from the policy's aim."""
    head = f"{'raised' if after > start else 'lowered'} from {start:.4f} to {after:.4f}"
    if limits:
        return f"{head}: {_asked(wanted, policy)}; {'; '.join(limits)}"
    return f"{head}: {_why(wanted, policy)}{_next(wanted)}"


def held(
    start: float,
    wanted: Aim,
    policy: Policy,
    limits: Sequence[str] = (),
    *,
    confidence: float,
) -> str:
    """Why it is held where it stands; `limits` as in `moved`."""
    head = f"held at {start:.4f}"
    if limits:
        return f"{head}: {_asked(wanted, policy)}; {'; '.join(limits)}"
    return f"{head}: {_why(wanted, policy)}{_next(wanted, LENIENCE * (1 - confidence))}"


def few_labels(labels: int, needed: int, retrained: int | None = None) -> str:
    """Fewer labels than a move needs; since the release that brought another model, if any."""
    said = "no label" if labels == 0 else "1 label" if labels == 1 else f"{labels} labels"
    since = "so far" if retrained is None else f"since release {retrained} retrained the model"
    return f"{said} {since}; a move needs {needed} (threshold.min_labels)"


def cooling_down(minutes: float, needed: float) -> str:
    """The last move was too little ago."""
    return (
        f"the last move was {minutes:.0f} min ago; the next one comes {needed:g} min after it at "
        "the earliest (threshold.cool_down_minutes)"
    )


def no_aim(wanted: Aim, policy: Policy) -> str:
    """Nothing speaks for any threshold."""
    if wanted.ground == "over_budget" and isinstance(policy, AlertBudget):
        return (
            f"even the highest score that was seen gives more than {policy.per_hour:g} alerts an "
            "hour; a larger budget, or more time without alerts, would let labels move it; a "
            "person can set a higher one"
        )
    if wanted.ground == "unanswered":
        return "no label says yet whether an event is real; more labels can move it"
    few = "with few enough alerts " if isinstance(policy, AlertBudget) else ""
    return (
        f"from here up the labels {few}prove next to nothing real, so a higher threshold would not "
        "help; more labels, or a model that tells real from false, would"
    )


def limit(setting: str, wanted: float, bound: float) -> str:
    """What a guard rail allows at most, on the side of what was wanted."""
    most = f"no {'higher' if wanted > bound else 'lower'} than {bound:.4f}"
    words = {
        "largest_step": f"{most} in one move",
        "analyst_step": f"{most} by one analyst's labels of the last day",
    }
    name = setting
    if setting == "floor and ceiling":
        name = "ceiling" if wanted > bound else "floor"
    return f"{words.get(setting, f'labels move it {most}')} (threshold.{name})"


def too_small(least: float) -> str:
    """A move that is not worth it."""
    return f"a move of less than {least:.4f} is not made (threshold.smallest_step)"


def _asked(wanted: Aim, policy: Policy) -> str:
    """What the labels ask for and do not get."""
    place = "another one" if wanted.score is None else f"{wanted.score:.4f}"
    return f"the labels ask for {place} ({_why(wanted, policy)})"


def _why(wanted: Aim, policy: Policy) -> str:
    if isinstance(policy, LeastCost):
        return _why_cost(wanted, policy)
    few = "of those with few enough alerts, " if isinstance(policy, AlertBudget) else ""
    words = {
        "surely": f"the lowest threshold that surely keeps {policy}",
        "nearly": f"it nearly surely keeps {policy}",
        "may": f"it may keep {policy}, and no threshold surely does",
        "surest": f"no threshold surely keeps {policy} yet, and {few}"
        "this one has the largest sure share of real ones from here up",
        "fewer": f"no threshold surely keeps {policy}: the labels prove next to nothing real, and "
        "this is the lowest with few enough alerts",
    }
    return words.get(wanted.ground, FIXED)


def _why_cost(wanted: Aim, policy: LeastCost) -> str:
    prices = f"at {policy.miss:g} a miss and {policy.false_alarm:g} a false alarm"
    if wanted.costs is None:
        return f"no threshold surely costs less {prices}"
    there, here = (spoken_rate(each) for each in wanted.costs)
    return f"the cheapest by the labels: it costs about {there} an hour, not {here}, {prices}"


def _next(wanted: Aim, doubt: float = 0.0) -> str:
    """What would change it, where that is not plain."""
    words = {
        "nearly": f"; it is raised once the doubt passes {doubt:.0%}",
        "may": "; more labels can settle it",
        "surest": "; more labels can settle it",
        "fewer": "; more labels, or a model that tells real from false, would tell what is real",
        "none_cheaper": "; more labels can show one that does",
    }
    return words.get(wanted.ground, "")
