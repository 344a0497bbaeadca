"""A scorer's state in a file."""

from pathlib import Path

from cli.whole_file import unwritable, whole_file
from floodline.detection.scorer import Scorer
from floodline.errors import ConfigurationError, StateRefused


def write_state(file: Path, scorer: Scorer) -> None:
    """Keep the scorer in `file`, which changes only once all is written.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    try:
        with whole_file(file) as target:
            target.write(scorer.to_state())
    except OSError as error:
        raise unwritable("--save-state", file, error) from error


def read_state(file: Path) -> Scorer:
    """The scorer that `write_state` kept.

    Raises:
        ConfigurationError: the file cannot be read, or is no such state.
    """
    try:
        return Scorer.from_state(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"--state {file}: cannot be read: {error.strerror}") from error
    except StateRefused as error:
        raise ConfigurationError(
            f"--state {file}: {error}; name a file that --save-state wrote"
        ) from error
