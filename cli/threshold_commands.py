"""`floodline threshold ...`: what is in force, what another would give, and moves of it."""

import uuid
from typing import TYPE_CHECKING, Annotated

import typer

from cli import threshold_policy_commands, threshold_segments_command
from cli.options import ConfigOption, JsonOption, NewestOption, left_out, print_json
from cli.switches import Stop, tell_free, tell_stop
from cli.threshold_session import AsOption, ReasonOption, person, threshold_session
from cli.threshold_words import asked_line, move_line, preview_lines, threshold_lines
from floodline.errors import ConfigurationError

# Imported where it runs: the database's parts take a while, and `floodline --help` should not.
if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from feedback_api.access.identity import Identity
    from feedback_api.representations.moves import Move
    from feedback_api.use_cases.moves import Act
    from floodline.feedback.policies import Policy
    from floodline.storage.moves import MoveState

app = typer.Typer(
    name="threshold",
    no_args_is_help=True,
    help="When a score becomes an alert: look, try another, move, undo, freeze. Commands write to "
    "the database; `floodline train` releases what they ask for.",
)
app.add_typer(threshold_policy_commands.app, name="policy")

Score = Annotated[float, typer.Argument(min=0, max=1, help="A threshold, 0 to 1.")]
MoveId = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="As `floodline threshold moves` shows it, or how it begins, 4 characters at least.",
    ),
]
_LEAST_START = 4


@app.command(epilog="Example: floodline threshold show --json")
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the threshold in force, its policy, what it gives, and what comes next."""
    from feedback_api.use_cases.threshold import read_threshold

    with threshold_session(config) as (session, footing):
        found = read_threshold(session, footing)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        typer.echo("\n".join(threshold_lines(found)))


@app.command(epilog="Example: floodline threshold preview 0.72 --hours 168")
def preview(
    score: Score,
    hours: Annotated[
        float | None,
        typer.Option(
            min=0.01, help="Of the past; threshold.look_back_hours, or less, if not given."
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare another threshold with the one in force on the recent past; change nothing."""
    from feedback_api.representations.previews import Preview
    from feedback_api.use_cases.previews import preview_threshold

    with threshold_session(config) as (session, footing):
        named = preview_threshold(session, footing, score, hours)
        found = Preview.of(named.found, named.gained, named.lost)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        typer.echo("\n".join(preview_lines(found)))


app.command("segments", epilog="Example: floodline threshold segments --limit 50")(
    threshold_segments_command.segments
)


@app.command("set", epilog='Example: floodline threshold set 0.72 --reason "too many false alarms"')
def set_(
    score: Score,
    reason: ReasonOption,
    by: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move the threshold to a score, if need be once a second person consents."""
    from feedback_api.representations.moves import Move
    from feedback_api.use_cases.moves import move_by_hand
    from feedback_api.use_cases.threshold import policy_of

    with threshold_session(config) as (session, footing):
        move = Move.of(move_by_hand(session, footing, _act(person(by), reason), score))
        policy = policy_of(session, footing)
    _tell_by_hand(move, policy, as_json=as_json)


@app.command(epilog='Example: floodline threshold undo --reason "the burst is over"')
def undo(
    reason: ReasonOption,
    by: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go back to the threshold before the last move."""
    from feedback_api.representations.moves import Move
    from feedback_api.use_cases import moves
    from feedback_api.use_cases.threshold import policy_of

    with threshold_session(config) as (session, footing):
        move = Move.of(moves.undo(session, footing, _act(person(by), reason)))
        policy = policy_of(session, footing)
    _tell_by_hand(move, policy, as_json=as_json)


@app.command(epilog='Example: floodline threshold freeze --reason "maintenance until Friday"')
def freeze(
    reason: ReasonOption,
    by: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop the threshold: neither labels nor people move it."""
    from feedback_api.use_cases import controls

    identity = person(by)
    with threshold_session(config) as (session, footing):
        found = controls.freeze(session, footing, identity, reason)
    stop = Stop(found.frozen_by, found.frozen_at, found.frozen_reason)
    tell_stop("frozen", "frozen", stop, as_json=as_json)


@app.command(epilog="Example: floodline threshold unfreeze")
def unfreeze(by: AsOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let the threshold move again."""
    from feedback_api.use_cases import controls

    identity = person(by)
    with threshold_session(config) as (session, footing):
        controls.unfreeze(session, footing, identity)
    tell_free("frozen", "the threshold may move", as_json=as_json)


@app.command(epilog="Example: floodline threshold moves --state proposed")
def moves(
    limit: NewestOption = 20,
    state: Annotated[
        str | None,
        typer.Option(
            help="Only those in this state: proposed, approved, released, rejected, withdrawn or "
            "stale."
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List moves, the newest first: what asked for them, who, their state and reason."""
    from feedback_api.representations.moves import Move
    from floodline.storage.moves import count, listed

    wanted = None if state is None else _state(state)
    with threshold_session(config) as (session, footing):
        rows = [Move.of(row) for row in listed(session, footing.detector, limit, wanted)]
        total = count(session, footing.detector, wanted)
    if as_json:
        print_json({"moves": [row.model_dump(mode="json") for row in rows], "total": total})
        return
    for line in [*map(move_line, rows), *left_out(len(rows), total)]:
        typer.echo(line)
    if not rows:
        typer.echo("no such move" if state else "no move yet")


@app.command(epilog="Example: floodline threshold approve 3f0c... --as bob")
def approve(
    move_id: MoveId, by: AsOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Consent to a move that another person, or the policy, proposed."""
    _decide(move_id, "approved", by, config, as_json=as_json)


@app.command(epilog="Example: floodline threshold reject 3f0c... --as bob")
def reject(
    move_id: MoveId, by: AsOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Refuse a move that is proposed."""
    _decide(move_id, "rejected", by, config, as_json=as_json)


@app.command(epilog="Example: floodline threshold withdraw 3f0c... --as alice")
def withdraw(
    move_id: MoveId, by: AsOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Take your own move back, as long as it is not released."""
    _decide(move_id, "withdrawn", by, config, as_json=as_json)


def _decide(
    move_id: str, state: str, by: str | None, config: ConfigOption, *, as_json: bool
) -> None:
    from feedback_api.representations.moves import Move
    from feedback_api.use_cases.moves import decide

    identity = person(by)
    with threshold_session(config) as (session, footing):
        whole = _whole(session, footing.detector, move_id)
        move = Move.of(decide(session, footing, identity, whole, _state(state)))
    _tell(move, as_json=as_json)


def _whole(session: "Session", detector: str, start: str) -> str:
    """The id that begins so; what was given where there is no such one.

    Raises:
        typer.BadParameter: it is too short.
        ConfigurationError: several begin so.
    """
    from floodline.storage.moves import beginning_with

    if len(start) < _LEAST_START:
        raise typer.BadParameter(f"{start}: give {_LEAST_START} characters of a move's id at least")
    found = beginning_with(session, detector, start, 2)
    if len(found) > 1 and start not in found:
        raise ConfigurationError(f"several moves begin with {start}: give more of the id")
    return found[0] if len(found) == 1 else start


def _act(identity: "Identity", reason: str) -> "Act":
    from feedback_api.use_cases.moves import Act

    return Act(identity=identity, reason=reason, base_release=None, id=str(uuid.uuid4()))


def _state(name: str) -> "MoveState":
    from floodline.storage.moves import MoveState

    try:
        return MoveState(name)
    except ValueError as error:
        known = ", ".join(MoveState)
        raise typer.BadParameter(f"--state {name}: a move is one of {known}") from error


def _tell_by_hand(move: "Move", policy: "Policy", *, as_json: bool) -> None:
    from floodline.feedback.policies import Fixed

    _tell(move, as_json=as_json)
    if not as_json and not isinstance(policy, Fixed):
        typer.echo(
            f"labels move it again to keep {policy}; `floodline threshold freeze` stops that"
        )


def _tell(move: "Move", *, as_json: bool) -> None:
    if as_json:
        print_json(move.model_dump(mode="json"))
    else:
        typer.echo(asked_line(move))
