"""What a store of states asks of the place where its files lie."""

from typing import NamedTuple, Protocol


class PlaceClosed(OSError):  # noqa: N818  # it reads as the sentence it is
    """The place answers, but refuses us: settings, credentials or rights do not fit.

    It says nothing about any file, so that none may be taken for lost.
    """


class Entry(NamedTuple):
    """A file of a place; `written_at` is in seconds, by the place's own clock."""

    name: str
    written_at: float


class Place(Protocol):
    """A flat set of named files. Every method may raise OSError, and no other error.

    ConnectionError and TimeoutError say that the place does not answer, PlaceClosed that it
    refuses us, FileNotFoundError that the file is not there.
    """

    @property
    def where(self) -> str:
        """The place as the configuration names it."""

    @property
    def advice(self) -> str:
        """What the operator checks when something fails."""

    def within(self, *names: str) -> "Place":
        """The place below this one; nothing is made yet."""

    def write(self, name: str, data: bytes) -> None:
        """Keep the file durably and whole, or leave what was there before."""

    def create(self, name: str, data: bytes) -> None:
        """The same, but only where no file has this name: FileExistsError if one has."""

    def read(self, name: str) -> bytes:
        """The file's bytes."""

    def delete(self, name: str) -> None:
        """Let the file go; none is no error."""

    def entries(self) -> list[Entry]:
        """The files of this place, not those below; none where nothing was written yet."""

    def tidy(self) -> None:
        """Let go of what broken writes left, and of nothing that a writer still uses."""
