"""Model states by the sha256 of their bytes, in a place that all processes share."""

import hashlib
import re
import secrets
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from floodline.configuration.sections import StoreSection
from floodline.errors import ConfigurationError, DependencyDown, StateRefused
from floodline.storage.bucket_place import bucket_place
from floodline.storage.folder_place import FolderPlace
from floodline.storage.object_place import memory_place
from floodline.storage.place import Place, PlaceClosed

IDENTITY = "store-id"
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_IDENTITY = re.compile(rb"([0-9a-f]{32})\n?\Z")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def open_store(section: StoreSection) -> "StateStore":
    """The store that the configuration names; see `StateStore.open`."""
    return StateStore.open(section.folder, section.options.given())


class StateStore:
    """Write once, read by digest: a state that was read is the state that was written."""

    def __init__(self, place: Path | Place, root: Place | None = None) -> None:
        self._place = FolderPlace(place) if isinstance(place, Path) else place
        self._root = root or self._place

    @classmethod
    def open(cls, folder: str, options: Mapping[str, str]) -> "StateStore":
        """The store in a folder, at `s3://bucket/prefix` or, for one process, `memory://name`.

        Nothing is connected to and nothing is made yet.

        Args:
            folder: where the states lie.
            options: of a bucket, as `[store.options]` names them.

        Raises:
            ConfigurationError: no such kind of store, an option that does not fit, or the extra
                `s3` is not installed.
        """
        if not folder or "\0" in folder:
            raise ConfigurationError(f"store.folder {folder!r}: name a folder or a bucket")
        scheme = _SCHEME.match(folder)
        if scheme is not None and scheme.group(1).lower() == "s3":
            return cls(bucket_place(folder, options))
        if options:
            raise ConfigurationError(
                f"store.options: {', '.join(sorted(options))}: only a bucket has options, and "
                f"store.folder is {folder!r}; remove them, or write s3://bucket/prefix"
            )
        if scheme is None:
            return cls(FolderPlace(Path(folder)))
        if scheme.group(1).lower() == "memory":
            return cls(memory_place(folder))
        raise ConfigurationError(
            f"store.folder {folder!r}: {scheme.group()} is not a kind of store; write a folder's "
            "path, s3://bucket/prefix, or memory://name for one process"
        )

    def identity(self) -> str:
        """The store's own name: 32 hexadecimal digits drawn at its first use, the same ever after.

        Two processes that ask first at once get the same, but for a bucket whose server ignores
        `If-None-Match`: there one of them may get an identity that the next call no longer gives.

        Raises:
            ConfigurationError: it cannot be read or written, or the file holds something else.
            DependencyDown: the store does not answer.
        """
        try:
            try:
                return self._identity(self._root.read(IDENTITY))
            except FileNotFoundError:
                drawn = f"{secrets.token_hex(16)}\n".encode()
                with suppress(FileExistsError):
                    self._root.create(IDENTITY, drawn)
            return self._identity(self._root.read(IDENTITY))
        except (ConnectionError, TimeoutError) as error:
            raise self._down(self._root, error) from error
        except OSError as error:
            raise ConfigurationError(
                f"store.folder {self._root.where}: {IDENTITY} cannot be read or written: "
                f"{_reason(error)}; {self._root.advice}"
            ) from error

    def _identity(self, data: bytes) -> str:
        found = _IDENTITY.match(data)
        if found is None:
            raise ConfigurationError(
                f"{self._root.where}/{IDENTITY} does not hold 32 hexadecimal digits; restore it "
                "from a backup of this store"
            )
        return found.group(1).decode()

    def write(self, state: bytes) -> str:
        """Keep the state durably; its sha256. What was there before stays whole if this fails.

        Raises:
            ConfigurationError: the store cannot be written.
        """
        digest = hashlib.sha256(state).hexdigest()
        try:
            self._place.write(digest, state)
        except OSError as error:
            raise self._failed("cannot be written", error) from error
        return digest

    def within(self, *names: str) -> "StateStore":
        """The store in a folder below this one; its identity is this one's."""
        return StateStore(self._place.within(*names), self._root)

    def sweep(self, keep: Collection[str], newest: int) -> None:
        """Delete all states but those to keep and the `newest` others; and broken writes.

        Which others are the newest is told by the store's own times, which a clock may have moved:
        name in `keep` every state that is in use.

        Raises:
            ConfigurationError: the store cannot be written.
        """
        try:
            entries = sorted(self._place.entries(), key=lambda e: e.written_at, reverse=True)
            states = [e.name for e in entries if _DIGEST.match(e.name) and e.name not in keep]
            for name in states[newest:]:
                self._place.delete(name)
            self._place.tidy()
        except OSError as error:
            raise self._failed("cannot be swept", error) from error

    def delete(self, digest: str) -> None:
        """Let a state go that nothing names any more; none is no error.

        Raises:
            ConfigurationError: the store cannot be written.
        """
        if not _DIGEST.match(digest):
            return
        try:
            self._place.delete(digest)
        except OSError as error:
            raise self._failed(f"{digest} cannot be deleted", error) from error

    def read(self, digest: str) -> bytes:
        """The state with this sha256.

        Raises:
            StateRefused: it is not there or cannot be opened, or the bytes have another digest.
            DependencyDown: the store does not answer; whether it has the state is not known.
            ConfigurationError: the bucket refuses us; whether it has the state is not known.
        """
        if not _DIGEST.match(digest):
            raise StateRefused(f"{digest!r} is no sha256")
        where = self._place.where
        try:
            state = self._place.read(digest)
        except (ConnectionError, TimeoutError) as error:
            raise self._down(self._place, error) from error
        except PlaceClosed as error:
            raise self._failed(f"state {digest} cannot be read", error) from error
        except OSError as error:
            raise StateRefused(
                f"state {digest} cannot be read from {where}: {_reason(error)}; all processes "
                "must share store.folder"
            ) from error
        if hashlib.sha256(state).hexdigest() != digest:
            raise StateRefused(
                f"{where}/{digest}: the bytes have another digest; restore it from a backup"
            )
        return state

    def _failed(self, what: str, error: OSError) -> ConfigurationError:
        place = self._place
        return ConfigurationError(
            f"store.folder {place.where}: {what}: {_reason(error)}; {place.advice}"
        )

    def _down(self, place: Place, error: OSError) -> DependencyDown:
        return DependencyDown(
            f"store.folder {place.where} does not answer: {_reason(error)}; {place.advice}"
        )


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
