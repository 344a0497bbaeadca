"""Files in a folder of this machine, or of a file system that the machines share."""

import errno
import fcntl
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from floodline.storage.place import Entry

_HALF = re.compile(r"([0-9a-f]{64}|store-id)\.[a-z0-9_]{8}\Z")
_HALF_SECONDS = 3_600.0
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


class FolderPlace:
    """Durable files: written under a temporary name, synced, renamed, and the folder synced."""

    advice = "check the folder's rights and the space on its disk"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def where(self) -> str:
        """The folder's path."""
        return str(self._folder)

    def within(self, *names: str) -> "FolderPlace":
        """The folder below this one."""
        return FolderPlace(self._folder.joinpath(*names))

    def write(self, name: str, data: bytes) -> None:
        """Replace the file at once and durably; its mode is 0600."""
        with self._half_written(name, data) as half:
            half.replace(self._folder / name)

    def create(self, name: str, data: bytes) -> None:
        """Make the file at once and durably, where there is none."""
        with self._half_written(name, data) as half:
            try:
                # Unlike a file that is opened and then filled, a link is never seen empty.
                (self._folder / name).hardlink_to(half)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                self._create_without_links(name, data)

    def _create_without_links(self, name: str, data: bytes) -> None:
        handle = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _half_written(self, name: str, data: bytes) -> Iterator[Path]:
        """The synced temporary file, to be named in the block; gone afterwards in any case."""
        self._make_folder()
        handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=f"{name}.")
        half = Path(temporary)
        try:
            with os.fdopen(handle, "wb") as file:
                # The lock says that somebody writes here, whatever the clocks say. Where there
                # are no locks, the age alone must do.
                with suppress(OSError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                yield half
        finally:
            half.unlink(missing_ok=True)
        _sync(self._folder)

    def _make_folder(self) -> None:
        missing = [
            each for each in (self._folder, *self._folder.parents) if not os.path.lexists(each)
        ]
        self._folder.mkdir(parents=True, exist_ok=True)
        for folder in reversed(missing):
            _sync(folder.parent)

    def read(self, name: str) -> bytes:
        """The bytes of a plain file; a link, a pipe or a folder is an OSError."""
        # Neither follow a link out of the store, nor wait for the other end of a pipe.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            handle = os.open(self._folder / name, flags)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise OSError(errno.ELOOP, "it is a link, not a file") from error
            raise
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, "it is no plain file")
            with os.fdopen(handle, "rb", closefd=False) as file:
                return file.read()
        finally:
            os.close(handle)

    def delete(self, name: str) -> None:
        """Unlink the file."""
        (self._folder / name).unlink(missing_ok=True)

    def entries(self) -> list[Entry]:
        """The files and links of the folder by their own times."""
        found = []
        try:
            with os.scandir(self._folder) as files:
                for file in files:
                    with suppress(FileNotFoundError):
                        status = file.stat(follow_symlinks=False)
                        if not stat.S_ISDIR(status.st_mode):
                            found.append(Entry(file.name, status.st_mtime))
        except FileNotFoundError:
            return []
        return found

    def tidy(self) -> None:
        """Delete half-written files of more than an hour that no living writer has locked.

        The age is told by a file written now in the same folder: both times are of one clock, be
        it a file server's. The lock keeps a writer's file when that clock jumps.
        """
        halves = [entry for entry in self.entries() if _HALF.match(entry.name)]
        if not halves:
            return
        now = self._now()
        for half in halves:
            if now - half.written_at > _HALF_SECONDS and not self._is_held(half.name):
                self.delete(half.name)

    def _now(self) -> float:
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix="now.") as file:
            return os.fstat(file.fileno()).st_mtime

    def _is_held(self, name: str) -> bool:
        try:
            handle = os.open(self._folder / name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return True  # it went meanwhile, or is another user's
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            os.close(handle)
        return False


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
