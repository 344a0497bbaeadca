"""What `floodline score` does, from its options to its report."""

import os
import sys
import time
from pathlib import Path

import msgspec

from cli.event_columns import choose
from cli.model_flags import ModelFlags, profile_of
from cli.options import print_json, read_configuration
from cli.score_output import check_output, lines_to, silence_stdout
from cli.score_progress import progress_bar
from cli.score_state import read_state, write_state
from cli.scored_lines import NoLines
from cli.scoring_run import ScoringRun, Totals
from cli.whole_file import check_option
from floodline.configuration.loading import CONFIG_VARIABLE, FILE
from floodline.configuration.model_check import check_model
from floodline.configuration.sections import Configuration
from floodline.configuration.threshold_section import ThresholdSection
from floodline.detection.parameters import ModelParameters
from floodline.detection.preparation import prepare
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import ConfigurationError
from floodline.events.files.event_file import EventFile, Wanted
from floodline.events.files.opening import open_events


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The options; `floodline score --help` says what each means."""

    file: str
    form: str | None
    features: str | None
    label: str | None
    config: Path | None
    model: ModelFlags
    threshold: float | None
    rarity: float | None
    state: Path | None
    save_state: Path | None
    warm_from: str | None
    output: str | None
    output_file: Path | None
    with_event: bool
    explain: bool
    skip_invalid: bool
    batch_size: int
    as_json: bool


def run(job: Job) -> None:
    """Score the file; a reader of stdout that has gone ends it quietly.

    Raises:
        ConfigurationError: an option, the configuration or a file is not what it should be.
    """
    try:
        _run(job)
    except BrokenPipeError:
        silence_stdout()


def _keep_apart(job: Job) -> None:
    """Refuse to write over what is read, or twice to one file."""
    named = {
        "FILE": job.file,
        "--warm-from": job.warm_from,
        "--state": job.state,
        "--output-file": job.output_file,
        "--save-state": job.save_state,
    }
    written = ("--output-file", "--save-state")
    places = {
        option: os.path.realpath(name)
        for option, name in named.items()
        if name is not None and str(name) != "-"
    }
    for option in written:
        for other, place in places.items():
            both_state = {option, other} == {"--state", "--save-state"}
            if other != option and not both_state and places.get(option) == place:
                raise ConfigurationError(
                    f"{option} {named[option]}: is {other} too; name another file"
                )


def _run(job: Job) -> None:
    _keep_apart(job)
    check_output(job.output, job.output_file)
    if job.save_state is not None:
        check_option("--save-state", job.save_state)
    configuration = _configuration(job.config)
    rule = _rule(job, configuration)
    saved = _saved(job)
    if configuration is not None and saved is None and job.model.profile is None:
        check_model(configuration)
    prepare(time.perf_counter)
    with open_events(job.file, job.form, sys.stdin.buffer) as file:
        columns = choose(file, job.features, _features(configuration, saved), job.label)
        for line in columns.said:
            _say(line)
        scorer = saved or Scorer.new(job.model.over(_model(configuration)), columns.features)
        if set(scorer.features) != set(columns.features):
            raise ConfigurationError(
                f"--state {job.state}: is of a model of the features "
                f"{', '.join(scorer.features)}; leave --features out"
            )
        steps = ScoringRun(
            scorer,
            rule,
            job.batch_size,
            configuration.schema_of_events if configuration else None,
            explain=job.explain,
        )
        if job.warm_from is not None:
            _warm(job, job.warm_from, steps, scorer.features)
        totals = _score(job, file, steps, scorer.features)
    if job.save_state is not None:
        write_state(job.save_state, scorer)
    _report(job, totals, scorer)


def _saved(job: Job) -> Scorer | None:
    if job.state is None:
        return None
    if job.model != ModelFlags():
        raise ConfigurationError(
            f"--state {job.state}: has its own model; leave --profile, --trees, --height, "
            "--window, --memory and --seed out"
        )
    return read_state(job.state)


def _model(configuration: Configuration | None) -> ModelParameters | None:
    return configuration.model_parameters if configuration else None


def _features(configuration: Configuration | None, saved: Scorer | None) -> tuple[str, ...] | None:
    if saved is not None:
        return saved.features
    return configuration.detector.features if configuration else None


def _configuration(path: Path | None) -> Configuration | None:
    """The configuration where there is one: a file, or variables that name a detector."""
    named = (CONFIG_VARIABLE, "FLOODLINE_DETECTOR__")
    if path is None and not Path(FILE).exists():
        if not any(variable.startswith(named) for variable in os.environ):
            return None
    elif path is None:
        _say(f"model and features from {FILE}, where no flag says otherwise")
    return read_configuration(path)


def _rule(job: Job, configuration: Configuration | None) -> ThresholdRule:
    """What marks an alert: the flag, else the configuration, else its default."""
    if job.threshold is not None and job.rarity is not None:
        raise ConfigurationError("--threshold and --rarity: each marks alerts; leave one out")
    if job.threshold is not None or job.rarity is not None:
        return ThresholdRule(score=job.threshold, rarity=job.rarity)
    if configuration is None:
        return ThresholdRule(rarity=ThresholdSection().initial_rarity)
    return configuration.initial_rule


def _warm(job: Job, name: str, steps: ScoringRun, features: tuple[str, ...]) -> None:
    wanted = Wanted(features=features, skip_invalid=job.skip_invalid)
    with open_events(name, None, sys.stdin.buffer) as file:
        choose(file, ",".join(features), None, None)
        with progress_bar(f"learning {name}", to_stdout=False) as progress:
            learnt = steps.score(file, wanted, NoLines(), progress)
    _say(f"learnt {learnt.events:,} events of {name} first")


def _score(job: Job, file: EventFile, steps: ScoringRun, features: tuple[str, ...]) -> Totals:
    wanted = Wanted(
        features=features,
        label=job.label,
        whole=job.with_event,
        skip_invalid=job.skip_invalid,
    )
    to_stdout = job.output_file is None and not job.as_json
    carried = file.columns if job.with_event else ()
    with (
        lines_to(
            job.output,
            job.output_file,
            to_stdout,
            features,
            carried,
            explained=job.explain,
            refusing=steps.may_refuse,
        ) as writer,
        progress_bar(f"scoring {file.name}", to_stdout=to_stdout) as progress,
    ):
        return steps.score(file, wanted, writer, progress)


def _report(job: Job, totals: Totals, scorer: Scorer) -> None:
    figures = totals.as_object() | {
        "profile": profile_of(scorer.parameters),
        "features": list(scorer.features),
    }
    if job.as_json:
        print_json(figures)
        return
    _say(
        f"{totals.events:,} events, {totals.alerts:,} alerts, {totals.warm_up_events:,} while "
        f"warming up, {totals.invalid:,} left out; {figures['events_per_second']:,.0f} events/s, "
        f"profile {figures['profile']}"
    )
    if totals.refused:
        _say(
            f"{totals.refused:,} events were refused: they lack a feature; detector.missing says "
            "what becomes of such events"
        )
    if totals.quality is not None:
        _say(
            f"{totals.quality.anomalies:,} anomalies by {job.label!r}: ROC-AUC "
            f"{totals.quality.roc_auc:.4f}, average precision "
            f"{totals.quality.average_precision:.4f}"
        )


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
