"""Text that people send."""

from typing import Annotated

from pydantic import AfterValidator, Field


def without_nul(text: str) -> str:
    """The text; ValueError where it holds U+0000, which PostgreSQL cannot keep."""
    if "\x00" in text:
        raise ValueError("must not hold the character U+0000")
    return text


def _none_if_blank(text: str) -> str | None:
    return without_nul(text).strip() or None


REASON_CHARACTERS = 200
NOTE_CHARACTERS = 2_000

Reason = Annotated[str, Field(max_length=REASON_CHARACTERS), AfterValidator(_none_if_blank)]
Note = Annotated[str, Field(max_length=NOTE_CHARACTERS), AfterValidator(_none_if_blank)]
