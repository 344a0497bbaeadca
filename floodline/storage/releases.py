"""Releases: numbered, immutable, and queued for publication in the same transaction."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from floodline.events.messages import Release, encode
from floodline.storage import outbox
from floodline.storage.tables import ReleaseRow

OUTBOX_KIND = "release"

TEACHING = "teaching"
"""The kind of those that change the leaf weights alone."""

ASIDE = ("sampling", TEACHING)
"""The kinds that go on with the threshold that they find."""


def next_number(session: Session, detector: str) -> int:
    """The number of the next release, from 1 on."""
    newest_number = session.scalar(
        select(func.max(ReleaseRow.number)).where(ReleaseRow.detector == detector)
    )
    return (newest_number or 0) + 1


def newest(session: Session, detector: str) -> Release | None:
    """The release with the highest number; None before the first."""
    row = session.scalar(
        select(ReleaseRow)
        .where(ReleaseRow.detector == detector)
        .order_by(ReleaseRow.number.desc())
        .limit(1)
    )
    return None if row is None else message(row)


def model_number(session: Session, detector: str) -> int:
    """The number of the newest release with a model of its own; 0 where none has one.

    Scores of alerts under earlier releases are another model's.
    """
    found = session.scalar(
        select(func.max(ReleaseRow.number)).where(
            ReleaseRow.detector == detector, ReleaseRow.kind == "retrain"
        )
    )
    return found or 0


def threshold_number(session: Session, detector: str) -> int:
    """The number of the newest release that set the threshold; 0 before any.

    Releases behind it, if there are any, only changed what is drawn for review, or taught.
    """
    found = session.scalar(
        select(func.max(ReleaseRow.number)).where(
            ReleaseRow.detector == detector, ReleaseRow.kind.not_in(ASIDE)
        )
    )
    return found or 0


def epochs(session: Session, detector: str, since: int) -> dict[int, int]:
    """Of each release from `since` on, the one that set its threshold and what it draws.

    That is the release itself, unless it only teaches: then it is the one before that does not, or
    the first of them all.
    """
    chosen = (
        select(ReleaseRow.number, ReleaseRow.kind)
        .where(ReleaseRow.detector == detector, ReleaseRow.number >= since)
        .order_by(ReleaseRow.number)
    )
    found: dict[int, int] = {}
    head = None
    for number, kind in session.execute(chosen):
        if head is None or kind != TEACHING:
            head = number
        found[number] = head
    return found


def numbered(session: Session, detector: str, numbers: Collection[int]) -> dict[int, ReleaseRow]:
    """The releases with these numbers; unknown ones are left out."""
    chosen = select(ReleaseRow).where(
        ReleaseRow.detector == detector, ReleaseRow.number.in_(numbers)
    )
    return {row.number: row for row in session.scalars(chosen)} if numbers else {}


def get(session: Session, detector: str, number: int) -> ReleaseRow | None:
    """The release of this detector with this number."""
    return session.get(ReleaseRow, (detector, number))


def by_rarity(session: Session, detector: str, numbers: Collection[int]) -> dict[int, bool]:
    """Whether each of these releases has a rarity for a rule; unknown ones are left out."""
    if not numbers:
        return {}
    chosen = select(ReleaseRow.number, ReleaseRow.threshold.is_(None)).where(
        ReleaseRow.detector == detector, ReleaseRow.number.in_(numbers)
    )
    return {number: bool(rarity) for number, rarity in session.execute(chosen)}


def listed(
    session: Session, detector: str, limit: int, kind: str | None = None
) -> list[ReleaseRow]:
    """Up to `limit` releases, of one kind or of any, the newest first."""
    chosen = select(ReleaseRow).where(ReleaseRow.detector == detector)
    if kind is not None:
        chosen = chosen.where(ReleaseRow.kind == kind)
    return list(session.scalars(chosen.order_by(ReleaseRow.number.desc()).limit(limit)))


def count(session: Session, detector: str, kind: str | None = None) -> int:
    """How many there are, of one kind or of any."""
    chosen = select(func.count()).where(ReleaseRow.detector == detector)
    if kind is not None:
        chosen = chosen.where(ReleaseRow.kind == kind)
    return session.scalar(chosen) or 0


def message(row: ReleaseRow) -> Release:
    """The release as it is published."""
    return msgspec.convert(row.body, Release)


def insert(
    session: Session, release: Release, *, topic: str, figures: dict[str, Any], now: datetime
) -> None:
    """Store a release and have it published once the session's transaction has committed.

    Raises:
        sqlalchemy.exc.IntegrityError: the number is taken.
    """
    session.add(
        ReleaseRow(
            detector=release.detector,
            number=release.number,
            kind=release.kind,
            threshold=release.threshold.score,
            reason=release.reason,
            made_by=release.made_by,
            created_at=now,
            body=msgspec.to_builtins(release),
            figures=figures,
        )
    )
    session.flush()
    outbox.append(
        session,
        kind=OUTBOX_KIND,
        topic=topic,
        key=str(release.number),
        value=encode(release),
        now=now,
    )
