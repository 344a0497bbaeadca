"""Writing a file that appears only once it is whole."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from floodline.errors import ConfigurationError

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_OPEN_TO_ALL = 0o666
"""What the umask takes from, for a file that was not there."""


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Bytes for `path`: kept beside it and renamed at the end, or dropped where the block raises.

    The file beside it has a name that nobody can tell beforehand, and is never one that was there.
    A file that was there keeps its mode; a new one has what the umask allows. A device, a pipe or
    a link's target is written where it is, and never replaced.

    Raises:
        OSError: it cannot be written.
    """
    mode = _mode(path)
    if mode is not None and not stat.S_ISREG(mode):
        with path.open("wb") as target:
            yield target
        return
    file = Path(os.path.realpath(path))
    part, number = _new_part(file.parent, mode)
    try:
        with os.fdopen(number, "wb") as target:
            yield target
            target.flush()
            os.fsync(number)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(file.parent)


def unwritable(option: str, file: Path, error: OSError) -> ConfigurationError:
    """What a user is told of an option's file that cannot be written."""
    return ConfigurationError(
        f"{option} {file}: cannot be written: {error.strerror}; name a file in a folder that is "
        "there and may be written to"
    )


def check_option(option: str, file: Path) -> None:
    """Find out before any work whether an option's file could be written.

    Raises:
        ConfigurationError: it could not.
    """
    try:
        check_writable(file)
    except OSError as error:
        raise unwritable(option, file, error) from error


def check_writable(path: Path) -> None:
    """Find out before any work what `whole_file` would meet; nothing of `path` is changed.

    Raises:
        OSError: it could not be written.
    """
    mode = _mode(path)
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    if mode is None or stat.S_ISREG(mode):
        part, number = _new_part(Path(os.path.realpath(path)).parent, None)
        os.close(number)
        part.unlink()


def _mode(path: Path) -> int | None:
    """Type and mode of what stands there, links followed; None where nothing does."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _new_part(folder: Path, mode: int | None) -> tuple[Path, int]:
    """A new, empty file in the folder, and its descriptor; never wider than `mode`."""
    part = folder / f".floodline-{secrets.token_hex(16)}.part"
    allowed = _OPEN_TO_ALL if mode is None else stat.S_IMODE(mode) & 0o777
    # O_EXCL follows no link, and opens nothing that was there.
    number = os.open(part, _NEW, allowed)
    if mode is not None:
        os.fchmod(number, allowed)
    return part, number


def _sync_folder(folder: Path) -> None:
    """Keep the new name over a loss of power too."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
