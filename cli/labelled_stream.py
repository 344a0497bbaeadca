"""A labelled file as one stream in memory."""

import sys

import msgspec
import numpy as np

from cli.event_columns import choose
from floodline.errors import ConfigurationError
from floodline.events.files.event_file import Wanted
from floodline.events.files.opening import open_events
from floodline.simulation.run import Stream


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where the stream comes from, and how it is read."""

    file: str
    form: str | None
    features: str | None
    label: str
    skip_invalid: bool


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """The stream, the names of its columns, and what the user should hear of the choice."""

    name: str
    stream: Stream
    features: tuple[str, ...]
    said: tuple[str, ...]


def read_labelled(source: Source) -> Labelled:
    """All events of the file, in its order; the columns in the order of the model's.

    Raises:
        ConfigurationError: the file or a column is not what it should be, or the labels are of one
            class.
    """
    with open_events(source.file, source.form, sys.stdin.buffer) as file:
        columns = choose(file, source.features, None, source.label)
        features = tuple(sorted(columns.features))
        wanted = Wanted(features=features, label=source.label, skip_invalid=source.skip_invalid)
        rows, labels = [np.empty((0, len(features)))], [np.empty(0, np.bool_)]
        for chunk in file.chunks(wanted):
            rows.append(chunk.rows)
            labels.append(chunk.labels if chunk.labels is not None else np.empty(0, np.bool_))
        name = file.name
    stream = Stream(np.ascontiguousarray(np.concatenate(rows)), np.concatenate(labels))
    if stream.real.size and stream.real.all() == stream.real.any():
        kind = "an anomaly" if stream.real.any() else "normal"
        raise ConfigurationError(
            f"{name}: every label in {source.label!r} says {kind}; a simulation needs both 0 and "
            "1: name the column that tells the truth with --label"
        )
    return Labelled(name=name, stream=stream, features=features, said=columns.said)
