"""Labels: append-only; an analyst's later label on an alert supersedes the earlier one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from floodline.storage.tables import AlertRow, LabelRow, UserRow


@dataclass(frozen=True, kw_only=True)
class NewLabel:
    """What an analyst says of an alert, and the id it gets if it is stored.

    `blind`: the analyst was not shown what others had said.
    """

    id: str
    analyst_id: str
    verdict: str
    reason: str | None
    note: str | None
    created_at: datetime
    blind: bool = False


@dataclass(frozen=True)
class SignedLabel:
    """A label with its analyst's name; `current` unless a later one supersedes it."""

    row: LabelRow
    analyst: str
    current: bool


def record(session: Session, alert: AlertRow, new: NewLabel) -> tuple[LabelRow, bool]:
    """Append the label, or give back the analyst's current one where it says the same.

    The alert takes the verdict of the label that was stored last, whoever wrote it: where current
    labels of two analysts disagree, the newest one is shown, and the history holds both.

    `alert` was read with `alerts.get_for_labelling`, so that no other label comes between. Returns
    the label, and whether it is new.
    """
    before = current(session, alert.id, new.analyst_id)
    said = (new.verdict, new.reason, new.note)
    if before is not None and (before.verdict, before.reason, before.note) == said:
        return before, False
    label = LabelRow(
        id=new.id,
        alert_id=alert.id,
        analyst_id=new.analyst_id,
        verdict=new.verdict,
        reason=new.reason,
        note=new.note,
        created_at=new.created_at,
        supersedes=before.id if before is not None else None,
        blind=new.blind,
    )
    session.add(label)
    alert.verdict = new.verdict
    alert.labelled_at = new.created_at
    session.flush()
    return label, True


def current(session: Session, alert_id: str, analyst_id: str) -> LabelRow | None:
    """The analyst's label on the alert that no later one supersedes."""
    later = aliased(LabelRow)
    return session.scalar(
        select(LabelRow).where(
            LabelRow.alert_id == alert_id,
            LabelRow.analyst_id == analyst_id,
            ~select(later.id).where(later.supersedes == LabelRow.id).exists(),
        )
    )


def with_ids(session: Session, ids: Sequence[str]) -> dict[str, SignedLabel]:
    """The labels with these ids, by id."""
    if not ids:
        return {}
    later = aliased(LabelRow)
    current = ~select(later.id).where(later.supersedes == LabelRow.id).exists()
    found = session.execute(
        select(LabelRow, UserRow.name, current)
        .join(UserRow, UserRow.id == LabelRow.analyst_id)
        .where(LabelRow.id.in_(ids))
    )
    return {row.id: SignedLabel(row, name, bool(now)) for row, name, now in found}


def count(session: Session) -> int:
    """How many labels were ever given."""
    return session.scalar(select(func.count()).select_from(LabelRow)) or 0


def history(session: Session, alert_id: str) -> list[SignedLabel]:
    """Every label on the alert, the first one first."""
    found = session.execute(
        select(LabelRow, UserRow.name)
        .join(UserRow, UserRow.id == LabelRow.analyst_id)
        .where(LabelRow.alert_id == alert_id)
        .order_by(LabelRow.created_at, LabelRow.id)
    ).all()
    superseded = {row.supersedes for row, _ in found}
    return [SignedLabel(row, name, row.id not in superseded) for row, name in found]
