"""The bytes of a file or of stdin, unpacked."""

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from floodline.errors import ConfigurationError


class Bytes(Protocol):
    """What is read of a file, a pipe or an archive."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...

    def readline(self, size: int = -1, /) -> bytes:
        """A line with its end, or its first so many bytes."""
        ...


class Source:
    """Bytes to read once.

    Attributes:
        name: what messages call it.
        stream: the unpacked bytes.
    """

    def __init__(self, name: str, stream: Bytes, file: BinaryIO | None) -> None:
        self.name = name
        self.stream = stream
        self._file = file
        self._size = 0 if file is None else os.fstat(file.fileno()).st_size

    def progress(self) -> tuple[int, int]:
        """Bytes of the file that were read, and its size; (0, 0) for a pipe."""
        return (self._file.tell(), self._size) if self._file and self._size else (0, 0)


@contextmanager
def open_source(name: str, stdin: Bytes) -> Iterator[Source]:
    """The file with this name, unpacked where it ends in .gz; `-` is stdin.

    Raises:
        ConfigurationError: there is no such file, it may not be read, or it is empty.
    """
    if name == "-":
        yield Source("stdin", stdin, None)
        return
    with ExitStack() as stack:
        with reading(name):
            file = stack.enter_context(Path(name).open("rb"))
        if name.lower().endswith(".gz"):
            yield Source(name, stack.enter_context(gzip.GzipFile(fileobj=file)), file)
        else:
            yield Source(name, file, file)


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what the operating system and gzip raise while a file is read into one clear error."""
    try:
        yield
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ConfigurationError(
            f"{name}: its gzip data is damaged or cut short ({error}); fetch or pack it again"
        ) from error
    except FileNotFoundError as error:
        raise ConfigurationError(f"{name}: there is no such file; check the path") from error
    except OSError as error:
        raise ConfigurationError(f"{name}: cannot be read: {error.strerror or error}") from error


def is_empty(name: str) -> ConfigurationError:
    """The error for a file without one event."""
    return ConfigurationError(f"{name}: has no events; there is nothing to score")
