"""Model states by the sha256 of their bytes, in a folder that all processes share."""

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

from floodline.errors import ConfigurationError, StateRefused

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


_HALF_SECONDS = 3_600.0
"""Seconds after which a file half written is nobody's any more."""


def _written_at(file: Path) -> float:
    """When the file was written; 0 for one that went meanwhile."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


class StateStore:
    """Write once, read by digest: a state that was read is the state that was written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, state: bytes) -> str:
        """Keep the state durably; its sha256.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        digest = hashlib.sha256(state).hexdigest()
        try:
            self._write(digest, state)
        except OSError as error:
            raise ConfigurationError(
                f"store.folder {self._folder}: cannot be written: {error.strerror}"
            ) from error
        return digest

    def _write(self, digest: str, state: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=f"{digest}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(state)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._folder / digest)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def within(self, *names: str) -> "StateStore":
        """The store in a folder below this one."""
        return StateStore(self._folder.joinpath(*names))

    def sweep(self, keep: Collection[str], newest: int) -> None:
        """Delete all states but those to keep and the `newest` others; and files half written.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        try:
            files = sorted(self._folder.glob("*"), key=_written_at, reverse=True)
            states = [file for file in files if _DIGEST.match(file.name) and file.name not in keep]
            halves = [file for file in files if file.is_file() and "." in file.name]
            aged = [file for file in halves if time.time() - _written_at(file) > _HALF_SECONDS]
            for file in [*states[newest:], *aged]:
                file.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"store.folder {self._folder}: cannot be swept: {error.strerror}"
            ) from error

    def delete(self, digest: str) -> None:
        """Let a state go that nothing names any more; none is no error.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        if not _DIGEST.match(digest):
            return
        try:
            (self._folder / digest).unlink(missing_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"store.folder {self._folder}: {digest} cannot be deleted: {error.strerror}"
            ) from error

    def read(self, digest: str) -> bytes:
        """The state with this sha256.

        Raises:
            StateRefused: it is not there, or the bytes have another digest.
        """
        if not _DIGEST.match(digest):
            raise StateRefused(f"{digest!r} is no sha256")
        file = self._folder / digest
        try:
            state = file.read_bytes()
        except OSError as error:
            raise StateRefused(
                f"state {digest} cannot be read from {self._folder}: {error.strerror}; all "
                "processes must share store.folder"
            ) from error
        if hashlib.sha256(state).hexdigest() != digest:
            raise StateRefused(f"{file}: the bytes have another digest; restore it from a backup")
        return state
