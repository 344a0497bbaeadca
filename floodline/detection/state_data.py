"""From bytes to a state of a known format: the first step of everything that is loaded."""

from typing import Protocol, TypeVar

import msgspec

from floodline.errors import StateRefused

MOST_EVENTS = 2**62 - 2**40
"""Where counts of events end: a state at it could not go on. It is no number that one meets."""


class Versioned(Protocol):
    """A state that says what it is."""

    @property
    def format(self) -> str:
        """Which kind of state."""
        ...

    @property
    def version(self) -> int:
        """Which layout of it."""
        ...


Data = TypeVar("Data")
State = TypeVar("State", bound=Versioned)


def decoded(data: bytes, kind: type[Data], what: str) -> Data:
    """The value of type `kind` in msgpack bytes; `what` is what a refusal calls it.

    Raises:
        StateRefused: the bytes are none.
    """
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StateRefused(f"these {len(data)} bytes are no {what}: {error}") from error


def decoded_as(data: bytes, kind: type[State], what: str, format: str, version: int) -> State:
    """The state of type `kind` in `data`, if it has this format and version.

    Raises:
        StateRefused: the bytes are none, or are of another format or version.
    """
    state = decoded(data, kind, what)
    if (state.format, state.version) != (format, version):
        raise StateRefused(
            f"a {what} of format {state.format!r} version {state.version} cannot be read here; "
            f"this release reads {format!r} version {version}"
        )
    return state
