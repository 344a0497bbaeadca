"""`floodline threshold policy ...`: what the threshold must hold."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import ConfigOption, JsonOption, print_json
from cli.threshold_session import AsOption, person, threshold_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from floodline.feedback.policies import Policy

app = typer.Typer(
    name="policy",
    no_args_is_help=True,
    help="What the threshold must hold, in place of what is configured.",
)


@app.command(epilog="Example: floodline threshold policy precision --at-least 0.9")
def precision(
    at_least: Annotated[float, typer.Option(help="Share of the alerts that is real.")],
    by: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """At least this share of the alerts is real."""
    from floodline.feedback.policies import PrecisionTarget

    _set(lambda: PrecisionTarget(at_least=at_least), by, config, as_json=as_json)


@app.command(epilog="Example: floodline threshold policy budget --per-hour 5 --precision 0.6")
def budget(
    per_hour: Annotated[float, typer.Option(help="Most alerts an hour.")],
    precision: Annotated[float, typer.Option(help="Share of them that is real.")],
    by: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """At most so many alerts an hour, and at least this share of them real."""
    from floodline.feedback.policies import AlertBudget

    _set(lambda: AlertBudget(per_hour=per_hour, precision=precision), by, config, as_json=as_json)


@app.command(epilog="Example: floodline threshold policy cost --miss 10 --false-alarm 1")
def cost(
    miss: Annotated[float, typer.Option(help="What a missed anomaly costs.")],
    false_alarm: Annotated[float, typer.Option(help="What a false alarm costs.")],
    by: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """The least cost of what is missed and of what is raised for nothing."""
    from floodline.feedback.policies import LeastCost

    _set(lambda: LeastCost(miss=miss, false_alarm=false_alarm), by, config, as_json=as_json)


@app.command(epilog="Example: floodline threshold policy fixed")
def fixed(by: AsOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Leave the threshold where a person puts it; labels move nothing."""
    from floodline.feedback.policies import Fixed

    _set(Fixed, by, config, as_json=as_json)


@app.command(epilog="Example: floodline threshold policy configured")
def configured(
    by: AsOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Go back to what the configuration says."""
    _set(lambda: None, by, config, as_json=as_json)


def _set(
    wanted: "Callable[[], Policy | None]",
    by: str | None,
    config: ConfigOption,
    *,
    as_json: bool,
) -> None:
    from feedback_api.representations.policies import PolicyInForce
    from feedback_api.use_cases.controls import set_policy

    try:
        policy = wanted()
    except ValueError as error:
        option, _, rest = str(error).partition(" ")
        raise typer.BadParameter(f"--{option.replace('_', '-')} {rest}") from error
    identity = person(by)
    with threshold_session(config) as (session, footing):
        changed = set_policy(session, footing, identity, policy)
        found = PolicyInForce.of(policy or footing.section.configured_policy, changed)
        then = _then(changed.frozen_by, second_person=footing.section.second_person)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        origin = "configured" if found.configured else f"set by {found.set_by}"
        typer.echo(f"policy: {found.words} ({origin}); {then}")


def _then(frozen_by: str | None, *, second_person: bool) -> str:
    """What becomes of a policy that was just set."""
    if frozen_by is not None:
        return f"the threshold is frozen by {frozen_by}, so it is applied once that ends"
    if second_person:
        return "`floodline train` proposes a move in seconds; another person must approve it"
    return "`floodline train` applies it in seconds"
