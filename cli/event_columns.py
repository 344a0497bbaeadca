"""Which columns of a file of events the model sees."""

from collections.abc import Sequence

import msgspec

from floodline.configuration.loading import did_you_mean
from floodline.errors import ConfigurationError
from floodline.events.files.event_file import EventFile, each_once

ALL = "all"
USUAL_LABEL = "label"
MOST_FEATURES = 10_000
_MOST_NAMED = 40


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """The features, and what the user should hear about the choice, a line each."""

    features: tuple[str, ...]
    said: tuple[str, ...] = ()


def choose(
    file: EventFile, given: str | None, configured: tuple[str, ...] | None, label: str | None
) -> Columns:
    """The features: those `given` (by comma, `all` for every numeric one), else those configured.

    With neither, every numeric column but the label.

    Raises:
        ConfigurationError: a column is not in the file, the label is among the features, or they
            are too many.
    """
    columns = _chosen(file, given, configured, label)
    if len(columns.features) > MOST_FEATURES:
        raise ConfigurationError(
            f"{file.name}: {len(columns.features):,} columns would be features; the model takes "
            f"{MOST_FEATURES:,} at most; name those that matter with --features"
        )
    return columns


def _chosen(
    file: EventFile, given: str | None, configured: tuple[str, ...] | None, label: str | None
) -> Columns:
    if label is not None:
        _must_have(file, label, "--label")
    if given is not None and given.strip() != ALL:
        named = [name.strip() for name in given.split(",") if name.strip()]
        return _named(file, each_once("--features", named), "--features", label)
    if given is None and configured is not None:
        return _named(file, configured, "the configuration's detector.features", label)
    return _numeric(file, label)


def _numeric(file: EventFile, label: str | None) -> Columns:
    hidden = {label} if label is not None else {USUAL_LABEL}
    features = tuple(name for name in file.numeric if name not in hidden)
    if not features:
        raise ConfigurationError(
            f"{file.name}: no column but the label has numbers only; name the features with "
            f"--features; its columns: {_listed(file.columns)}"
        )
    said = [f"features: {_listed(features)} (every numeric column)"]
    known = hidden | set(file.numeric)
    left_out = [name for name in file.columns if name not in known]
    if left_out:
        said.append(
            f"left out: {_listed(left_out)}: not every one of the first values is a number; "
            "--features takes such a column all the same and says which value is none"
        )
    if label is None and USUAL_LABEL in file.numeric:
        said.append(
            f"column {USUAL_LABEL!r} is left out: it looks like the truth; --label {USUAL_LABEL} "
            "evaluates by it, --features makes it a feature"
        )
    return Columns(features=features, said=tuple(said))


def _listed(names: Sequence[str]) -> str:
    """The first names by comma, and how many more there are: a line has an end."""
    shown = [name if len(name) <= 100 else f"{name[:97]}..." for name in names[:_MOST_NAMED]]
    more = len(names) - _MOST_NAMED
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _named(file: EventFile, features: tuple[str, ...], where: str, label: str | None) -> Columns:
    if not features:
        raise ConfigurationError(f"{where}: names no column")
    if label in features:
        raise ConfigurationError(
            f"{where}: {label!r} is the label, which the detector must not see; take it out"
        )
    columns = set(file.columns)
    missing = [name for name in features if name not in columns]
    if not file.may_grow or len(missing) == len(features):
        for name in missing:
            _must_have(file, name, where)
    said = [
        f"column {name!r} is not in the first events: missing{did_you_mean(name, file.columns)}"
        for name in missing
    ]
    return Columns(features=features, said=tuple(said))


def _must_have(file: EventFile, name: str, where: str) -> None:
    if name not in file.columns:
        hint = did_you_mean(name, file.columns)
        raise ConfigurationError(f"{where}: {file.name} has no column {name!r}{hint}")
