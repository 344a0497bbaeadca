"""Objects under a prefix, reached through fsspec: a write is whole or not at all."""

import errno
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol, TypeVar

import fsspec

from floodline.errors import ConfigurationError
from floodline.storage.place import Entry

_MEMORY = re.compile(r"memory://[\w.-]+(/[\w.-]+)*/?\Z")

Result = TypeVar("Result")


class Calls(Protocol):
    """The calls to one kind of file system."""

    def __call__(self, call: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
        """What the call gives, within a bounded time; whatever it raises, as an OSError."""


def _straight(call: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
    return call(*arguments, **named)


class ObjectPlace:
    """Objects of a store where a PUT is atomic and durable: nothing is written beside it."""

    def __init__(self, files: Any, url: str, advice: str, call: Calls = _straight) -> None:
        """The place at `url`.

        Args:
            files: the fsspec file system; it caches no listings.
            url: of the place, with the scheme.
            advice: what the operator checks when something fails.
            call: bounds a call's time and maps its errors.
        """
        self._files = files
        self._url = url.rstrip("/")
        self._advice = advice
        self._call = call

    @property
    def where(self) -> str:
        """The URL."""
        return self._url

    @property
    def advice(self) -> str:
        """As it was given."""
        return self._advice

    def within(self, *names: str) -> "ObjectPlace":
        """The place under a longer prefix."""
        return ObjectPlace(self._files, "/".join((self._url, *names)), self._advice, self._call)

    def write(self, name: str, data: bytes) -> None:
        """Put the object."""
        self._call(self._files.pipe_file, self._path(name), data)

    def create(self, name: str, data: bytes) -> None:
        """Put the object if there is none; a server without `If-None-Match` puts it anyway."""
        try:
            self._call(self._files.pipe_file, self._path(name), data, mode="create")
        except OSError as error:
            if error.errno != errno.ENOSYS:
                raise
            self.write(name, data)

    def read(self, name: str) -> bytes:
        """Get the object."""
        return bytes(self._call(self._files.cat_file, self._path(name)))

    def delete(self, name: str) -> None:
        """Delete the object."""
        try:
            self._call(self._files.rm_file, self._path(name))
        except FileNotFoundError:
            return

    def entries(self) -> list[Entry]:
        """The objects directly under the prefix, with the server's times."""
        try:
            found = self._call(self._files.ls, self._url, detail=True)
        except FileNotFoundError:
            return []
        return [
            Entry(each["name"].rpartition("/")[2], _written_at(each))
            for each in found
            if each["type"] == "file"
        ]

    def tidy(self) -> None:
        """Nothing: a broken PUT leaves nothing."""

    def _path(self, name: str) -> str:
        return f"{self._url}/{name}"


def _written_at(entry: dict[str, Any]) -> float:
    told = entry["LastModified"] if "LastModified" in entry else entry["created"]
    return told.timestamp() if isinstance(told, datetime) else float(told)


def memory_place(url: str) -> ObjectPlace:
    """The objects of this process's memory at `memory://name`; they end with the process.

    Raises:
        ConfigurationError: the URL names nothing.
    """
    if not _MEMORY.match(url):
        raise ConfigurationError(f"store.folder {url!r}: write memory:// and a name, as letters")
    return ObjectPlace(fsspec.filesystem("memory"), url, "it lasts as long as this process")
