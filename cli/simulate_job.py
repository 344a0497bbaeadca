"""What `floodline simulate` does, from its options to its report."""

import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import typer

from cli.labelled_stream import Labelled, Source, read_labelled
from cli.model_flags import PROFILES
from cli.options import print_json
from cli.pictures import check_plot, save
from cli.simulate_report import report
from cli.terminal_bar import terminal_bar
from floodline.configuration.threshold_section import ThresholdSection
from floodline.detection.models import new_detector
from floodline.detection.parameters import DefaultProfile, RiverProfile
from floodline.detection.preparation import prepare
from floodline.errors import ConfigurationError
from floodline.feedback.decision import Decider
from floodline.feedback.policies import PrecisionTarget
from floodline.simulation.analysts import Analysts
from floodline.simulation.method import Setting
from floodline.simulation.outcome import Outcome
from floodline.simulation.run import methods_for, simulate
from floodline.simulation.schedule import Schedule
from floodline.simulation.summary import summary


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The options; `floodline simulate --help` says what each means."""

    source: Source
    labels: int
    seeds: int
    noise: float
    delay: int
    analysts: int
    target_precision: float | None
    rarity: float | None
    half_life: float | None
    shuffle: bool
    profile: str
    plot: Path | None
    as_json: bool


def run(job: Job) -> None:
    """Simulate every method with every seed, and report.

    Raises:
        ConfigurationError: an option or the file is not what it should be.
    """
    check_plot(job.plot)
    labelled = read_labelled(job.source)
    for line in labelled.said:
        sys.stderr.write(f"{line}\n")
    model = PROFILES[job.profile]()
    schedule = _schedule(job, labelled, model)
    prepare(time.perf_counter)
    outcomes = _outcomes(job, labelled, model, schedule)
    figures = _figures(job, labelled, schedule) | {
        "methods": {name: summary(found) for name, found in outcomes.items()}
    }
    if job.plot is not None:
        _draw(job.plot, labelled.name, outcomes)
    if job.as_json:
        print_json(figures)
    else:
        typer.echo(report(figures))


def _schedule(job: Job, labelled: Labelled, model: DefaultProfile | RiverProfile) -> Schedule:
    warm_up = new_detector(model, labelled.features).warm_up_left
    try:
        schedule = Schedule.of(labelled.stream.real.size, job.labels, warm_up)
    except ValueError as error:
        raise ConfigurationError(f"{labelled.name}: {error}") from error
    if job.delay >= schedule.windows:
        raise ConfigurationError(
            f"--delay {job.delay}: the stream has {schedule.windows} review windows, so no label "
            "would ever be known; say fewer windows"
        )
    return schedule


def _rarity(job: Job, schedule: Schedule) -> float:
    """As given, else as many alerts as there are labels, within what --rarity takes."""
    share = schedule.labels / (schedule.events - schedule.warm_up)
    return min(max(share, 0.0001), 0.5) if job.rarity is None else job.rarity


def _target(job: Job) -> float:
    given = job.target_precision
    return ThresholdSection().target_precision if given is None else given


def _decider(job: Job) -> Decider:
    """The configuration's defaults, with a look after every window."""
    section = ThresholdSection()
    return Decider(
        policy=PrecisionTarget(at_least=_target(job)),
        rails=msgspec.structs.replace(section.rails, cool_down=0.0),
        confidence=section.confidence,
    )


def _outcomes(
    job: Job, labelled: Labelled, model: DefaultProfile | RiverProfile, schedule: Schedule
) -> dict[str, list[Outcome]]:
    methods = methods_for(model)
    outcomes: dict[str, list[Outcome]] = {name: [] for name in methods}
    decider, rarity = _decider(job), _rarity(job, schedule)
    whole, done = job.seeds * len(methods) * schedule.windows, 0
    with terminal_bar(f"simulating {labelled.name}") as told:
        for seed in range(job.seeds):
            stream = labelled.stream.shuffled(seed) if job.shuffle else labelled.stream
            setting = Setting(
                schedule=schedule,
                parameters=msgspec.structs.replace(model, seed=model.seed + seed),
                features=labelled.features,
                decider=decider,
                rarity=rarity,
                half_life=job.half_life,
                seed=seed,
            )
            for name, make in methods.items():

                def progress(name: str = name, seed: int = seed) -> None:
                    nonlocal done
                    done += 1
                    told(f"{name}, seed {seed}", done, whole)

                analysts = Analysts(
                    stream.real,
                    noise=job.noise,
                    delay=job.delay,
                    people=job.analysts,
                    seed=seed,
                )
                outcomes[name].append(simulate(stream, make(setting), setting, analysts, progress))
    return outcomes


def _figures(job: Job, labelled: Labelled, schedule: Schedule) -> dict[str, Any]:
    """What was asked, by name."""
    return {
        "file": labelled.name,
        "events": schedule.events,
        "anomalies": int(labelled.stream.real.sum()),
        "features": list(labelled.features),
        "profile": job.profile,
        "labels": schedule.labels,
        "windows": schedule.windows,
        "events_a_window": schedule.size,
        "seeds": job.seeds,
        "noise": job.noise,
        "delay": job.delay,
        "analysts": job.analysts,
        "shuffled": job.shuffle,
        "target_precision": _target(job),
        "confidence": _decider(job).confidence,
        "rarity": _rarity(job, schedule),
        "half_life": job.half_life,
    }


def _draw(plot: Path, name: str, outcomes: dict[str, list[Outcome]]) -> None:
    # Imported late: matplotlib takes a second.
    from cli.simulate_plot import drawn

    save(plot, drawn(name, outcomes))
