"""`floodline teaching ...`: whether labels teach the forest, and the switch for it."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli.options import ConfigOption, JsonOption, print_json, read_configuration
from cli.switches import Stop, tell_free, tell_stop
from cli.threshold_session import AsOption, ReasonOption, person, threshold_session

# Imported where it runs: the database's parts take a while, and `floodline --help` should not.
if TYPE_CHECKING:
    from feedback_api.representations.teaching import Taught, Teaching
    from feedback_api.use_cases.footing import Footing
    from feedback_api.use_cases.lesson_footing import LessonFooting

app = typer.Typer(
    name="teaching",
    no_args_is_help=True,
    help="Whether labels move the scores of alike events. `floodline train` follows in seconds.",
)


@app.command(epilog="Example: floodline teaching status --json")
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show whether labels teach, by whom it was stopped, and what they taught.

    In JSON `taught_holds` says whether the figures of `taught` are those of now: they are not where
    labels do not teach.
    """
    from feedback_api.use_cases.teaching import read_teaching

    with threshold_session(config) as (session, footing):
        found = read_teaching(session, _lessons(config, footing))
    if as_json:
        print_json(found.model_dump(mode="json") | {"taught_holds": _holds(found)})
    else:
        typer.echo("\n".join(_lines(found)))


@app.command(epilog='Example: floodline teaching off --reason "labels of the drill"')
def off(
    reason: ReasonOption,
    by: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the lessons of labels out of the scores; the labels themselves are kept."""
    from feedback_api.use_cases.teaching import stop_teaching

    identity = person(by)
    with threshold_session(config) as (session, footing):
        found = stop_teaching(session, _lessons(config, footing), identity, reason)
    stop = Stop(found.teaching_off_by, found.teaching_off_at, found.teaching_off_reason)
    tell_stop("off", "stopped", stop, as_json=as_json)


@app.command(epilog="Example: floodline teaching on")
def on(by: AsOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let labels teach again, those given meanwhile too."""
    from feedback_api.use_cases.teaching import resume_teaching

    identity = person(by)
    with threshold_session(config) as (session, footing):
        resume_teaching(session, _lessons(config, footing), identity)
    tell_free("off", "labels may teach", as_json=as_json)


def _lessons(config: Path | None, footing: "Footing") -> "LessonFooting":
    from feedback_api.use_cases.lesson_footing import LessonFooting
    from floodline.feedback.lessons import Teaching

    configuration = read_configuration(config)
    return LessonFooting(
        detector=footing.detector,
        configured=configuration.feedback.teach,
        teaching=Teaching(half_life=configuration.feedback.half_life_hours),
        model=configuration.model_parameters,
        now=footing.now,
    )


def _lines(found: "Teaching") -> list[str]:
    lines = [f"{found.detector}: {_state(found)}"]
    if found.taught is None:
        return [*lines, "  no lesson yet"]
    made = f"release {found.taught.release} at {found.taught.made_at.isoformat(timespec='seconds')}"
    if _holds(found):
        return [*lines, f"  {made}: {found.taught.reason}", f"  {_figures(found.taught)}"]
    if found.taught.labels == 0:
        return [*lines, f"  no lesson in force: {made} took them out of the scores"]
    count = found.taught.labels
    labels = "1 label" if count == 1 else f"{'some' if count is None else count} labels"
    leaving = "`floodline train` takes them out of the scores within seconds"
    return [*lines, f"  the last lessons are of {made}, from {labels}; {leaving}"]


def _holds(found: "Teaching") -> bool:
    """Whether the newest release that changed the lessons is what labels teach now."""
    return found.on and found.taught is not None and found.taught.labels != 0


def _state(found: "Teaching") -> str:
    if not found.teachable:
        return "labels teach nothing: only floodline's own profile can be taught"
    if not found.configured:
        return "labels teach nothing (feedback.teach = false)"
    if found.off is not None:
        since = found.off.at.isoformat(timespec="seconds")
        return f"labels do not teach: stopped by {found.off.by} since {since}: {found.off.reason}"
    return "labels teach"


def _figures(taught: "Taught") -> str:
    def told(value: float | None, form: str, unit: str = "") -> str:
        return "unknown" if value is None else f"{value:{form}}{unit}"

    return (
        f"let through {told(taught.share, '.0%')}, came as foretold "
        f"{told(taught.agreement, '.0%')}, largest lesson {told(taught.largest, '.1f', ' bits')}"
    )
