"""Moves of the threshold as JSON."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from feedback_api.representations.text import REASON_CHARACTERS, without_nul
from floodline.storage.moves import MoveState
from floodline.storage.tables import MoveRow

LARGEST_LIST = 200
LARGEST_RELEASE = 2**31 - 1


def _said(text: str) -> str:
    said = without_nul(text).strip()
    if not said:
        raise ValueError("must say why")
    return said


SaidReason = Annotated[str, Field(max_length=REASON_CHARACTERS), AfterValidator(_said)]


class MoveRequest(BaseModel):
    """Another threshold, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: float = Field(strict=True, ge=0, le=1)
    reason: SaidReason = Field(description="Why, in a few words: it goes into the release.")
    base_release: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=LARGEST_RELEASE,
        description="`release` of the threshold that this was decided on; 409 if it changed since.",
    )


class UndoRequest(BaseModel):
    """Why the threshold goes back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: SaidReason
    base_release: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=LARGEST_RELEASE,
        description="The release to undo; 409 if it is not the last.",
    )


class FreezeRequest(BaseModel):
    """Why the threshold stops."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: SaidReason


class Rule(BaseModel):
    """What makes a score an alert: a score or, before any label, a rarity; the other is null."""

    score: float | None
    rarity: float | None


class Move(BaseModel):
    """A move, and what became of it.

    `base_release` is the release whose threshold it moves, `release` the one that it became. A
    threshold is null where the rule is a rarity. `figures` tells what was expected of it.
    """

    id: str
    created_at: datetime
    kind: Literal["policy", "manual", "undo", "watch"]
    state: MoveState
    rule: Rule
    threshold_before: float | None
    threshold_after: float | None
    reason: str
    made_by: str
    base_release: int
    decided_by: str | None
    decided_at: datetime | None
    note: str | None = Field(description="Why it went stale.")
    release: int | None
    figures: dict[str, Any]

    @classmethod
    def of(cls, row: MoveRow) -> "Move":
        """The row as it is shown."""
        given = {name: getattr(row, name) for name in cls.model_fields if name != "rule"}
        rule = {"score": None, "rarity": None} | row.rule
        return cls.model_validate(given | {"rule": rule})


class MoveQuery(BaseModel):
    """Which moves, and how many; an unknown parameter is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: MoveState | None = Field(default=None, description="Only moves in this state.")
    limit: int = Field(default=50, ge=1, le=LARGEST_LIST, description="Most moves.")


class Moves(BaseModel):
    """Moves, the newest first."""

    items: list[Move]
