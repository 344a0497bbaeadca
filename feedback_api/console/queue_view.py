"""What the queue page shows, worked out before the template sees it."""

from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from feedback_api.console.explanation_view import ExplanationView, view_explanation
from feedback_api.representations.alerts import AlertQuery
from feedback_api.use_cases.alerts import count_unlabelled, get_alert, list_alerts
from feedback_api.use_cases.footing import Footing
from feedback_api.use_cases.labels import label_history
from feedback_api.use_cases.provisional import provisional_releases
from floodline.storage.alerts import Order
from floodline.storage.labels import SignedLabel
from floodline.storage.tables import AlertRow

LISTED = 50
RESERVED = 5
RESERVED_SAMPLES = 3
"""Of a first page, at least so many places for alerts and samples by chance: analysts take the top
of the list first, and labels from the top alone say nothing of the rest."""


@dataclass(frozen=True)
class QueueRequest:
    """Which part of the queue: its order, the page's cursor, the alert in focus, the one done."""

    order: Order = Order.SCORE
    cursor: str | None = None
    at: str | None = None
    done: str | None = None

    def url(self, *, at: str | None = None, done: str | None = None) -> str:
        """The address of the same page with another alert in focus."""
        given = {"order": self.order, "cursor": self.cursor, "at": at, "done": done}
        told = {name: value for name, value in given.items() if value}
        if told.get("order") == Order.SCORE:
            del told["order"]
        return f"/?{urlencode(told)}" if told else "/"


@dataclass(frozen=True)
class Focus:
    """The alert in focus, why it was raised, its labels, its neighbours' ids in the list.

    Attributes:
        provisional: whether no label had set its threshold; None where that is not known.
    """

    alert: AlertRow
    provisional: bool | None
    explanation: ExplanationView | None
    labels: list[SignedLabel]
    previous: str | None
    next: str | None


@dataclass(frozen=True)
class Done:
    """The alert that was decided a moment ago, and what the analyst said of it."""

    alert: AlertRow
    label: SignedLabel


@dataclass(frozen=True)
class QueueView:
    """The page: what waits, what is in focus, what was done."""

    asked: QueueRequest
    rows: list[AlertRow]
    waiting: int
    more: str | None
    focus: Focus | None
    done: Done | None


def view_queue(session: Session, footing: Footing, asked: QueueRequest, analyst: str) -> QueueView:
    """The queue of alerts that nobody has labelled; on its first page some by chance, samples too.

    Raises:
        NotFound: the alert that should be in focus is not there.
        InvalidRequest: the cursor is none of ours.
    """
    detector = footing.detector
    query = AlertQuery(unlabelled=True, order=asked.order, cursor=asked.cursor, limit=LISTED)
    found = list_alerts(session, detector, query)
    rows = found.rows
    if asked.cursor is None:
        rows = _mixed(rows, _by_chance(session, detector, rows))
    more = QueueRequest(asked.order, found.next_cursor).url() if found.next_cursor else None
    return QueueView(
        asked,
        rows,
        count_unlabelled(session, detector),
        more,
        _focus(session, footing, asked, rows),
        _done(session, detector, asked, analyst),
    )


def _by_chance(session: Session, detector: str, rows: list[AlertRow]) -> list[AlertRow]:
    """Some that are not among the rows: a good half samples, so that many alerts drown none."""
    listed, chosen = {row.id for row in rows}, list[AlertRow]()
    for kind, wanted in (("sample", RESERVED_SAMPLES), ("any", RESERVED)):
        limit = len(rows) + RESERVED
        query = AlertQuery(kind=kind, unlabelled=True, order=Order.RANDOM, limit=limit)
        found = [row for row in list_alerts(session, detector, query).rows if row.id not in listed]
        chosen += found[: wanted - len(chosen)]
        listed |= {row.id for row in chosen}
    return sorted(chosen, key=lambda row: row.id)


def _mixed(rows: list[AlertRow], chance: list[AlertRow]) -> list[AlertRow]:
    """Each ninth row is followed by one by chance; those that are left over come last."""
    step, mixed = LISTED // RESERVED - 1, list[AlertRow]()
    for start in range(0, len(rows), step):
        piece = rows[start : start + step]
        mixed += piece
        if len(piece) == step and chance:
            mixed.append(chance.pop(0))
    return mixed + chance


def _focus(
    session: Session, footing: Footing, asked: QueueRequest, rows: list[AlertRow]
) -> Focus | None:
    ids = [row.id for row in rows]
    chosen = asked.at or (ids[0] if ids else None)
    if chosen is None:
        return None
    detector = footing.detector
    alert = get_alert(session, detector, chosen)
    early = provisional_releases(session, detector, footing.initial_rule, [alert])
    provisional, explanation = early.get(alert.release), view_explanation(alert)
    labels = label_history(session, detector, chosen)
    if chosen not in ids:
        return Focus(alert, provisional, explanation, labels, None, ids[0] if ids else None)
    place = ids.index(chosen)
    before = ids[place - 1] if place > 0 else None
    after = ids[place + 1] if place + 1 < len(ids) else None
    return Focus(alert, provisional, explanation, labels, before, after)


def _done(session: Session, detector: str, asked: QueueRequest, analyst: str) -> Done | None:
    if asked.done is None:
        return None
    alert = get_alert(session, detector, asked.done)
    mine = [
        each
        for each in label_history(session, detector, asked.done)
        if each.current and each.analyst == analyst
    ]
    return Done(alert, mine[0]) if mine else None
