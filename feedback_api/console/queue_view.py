"""What the queue page shows, worked out before the template sees it."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from feedback_api.access.identity import Identity
from feedback_api.console.explanation_view import ExplanationView, view_explanation
from feedback_api.console.lesson_view import Headline, headline_of
from feedback_api.representations.alerts import AlertQuery
from feedback_api.use_cases.alerts import count_unlabelled, get_alert, list_alerts
from feedback_api.use_cases.footing import Footing
from feedback_api.use_cases.labels import label_history
from feedback_api.use_cases.lesson_footing import LessonFooting
from feedback_api.use_cases.lesson_words import what_it_teaches
from feedback_api.use_cases.provisional import provisional_releases
from feedback_api.use_cases.second_opinions import await_second_opinion, awaits_second_opinion
from floodline.feedback.verdicts import Verdict
from floodline.storage import labels, muting
from floodline.storage.alerts import Order
from floodline.storage.labels import SignedLabel
from floodline.storage.tables import AlertRow

LISTED = 50
RESERVED = 5
RESERVED_SAMPLES = 3
"""Of a first page, at least so many places for alerts and samples by chance: analysts take the top
of the list first, and labels from the top alone say nothing of the rest."""
SECOND_OPINIONS = 2
"""Places for events that others have answered, which tell how often an answer is wrong."""


@dataclass(frozen=True)
class QueueRequest:
    """Which part of the queue: its order, the page's cursor, the alert in focus, the one done.

    Attributes:
        muted: the alerts that a known issue mutes, in place of those that none does.
    """

    order: Order = Order.SCORE
    cursor: str | None = None
    at: str | None = None
    done: str | None = None
    muted: bool = False

    def in_order(self, order: Order, *, muted: bool | None = None) -> "QueueRequest":
        """The first page in another order, of the same alerts if nothing else is asked for."""
        return QueueRequest(order, muted=self.muted if muted is None else muted)

    def url(self, *, at: str | None = None, done: str | None = None) -> str:
        """The address of the same page with another alert in focus."""
        muted = "true" if self.muted else None
        given = {
            "order": self.order,
            "muted": muted,
            "cursor": self.cursor,
            "at": at,
            "done": done,
        }
        told = {name: value for name, value in given.items() if value}
        if told.get("order") == Order.SCORE:
            del told["order"]
        return f"/?{urlencode(told)}" if told else "/"


@dataclass(frozen=True)
class Focus:
    """The alert in focus, why it was raised, its labels, its neighbours' ids in the list.

    Attributes:
        provisional: whether no label had set its threshold; None where that is not known.
        headline: what labels did to its score; None where they did nothing.
        mutes: how many alerts it mutes.
        blind: whether others have answered, and the analyst should, not knowing what they said.
    """

    alert: AlertRow
    provisional: bool | None
    explanation: ExplanationView | None
    headline: Headline | None
    mutes: int
    labels: list[SignedLabel]
    previous: str | None
    next: str | None
    blind: bool


@dataclass(frozen=True)
class Done:
    """The alert that was decided a moment ago, what the analyst said of it, what that teaches."""

    alert: AlertRow
    label: SignedLabel
    lesson: str | None


@dataclass(frozen=True)
class QueueView:
    """The page: what waits, what a known issue mutes, what is in focus, what was done.

    `second` are those that others have answered and the analyst should too, up to `LISTED`; some
    are among the rows.
    """

    asked: QueueRequest
    rows: list[AlertRow]
    second: frozenset[str]
    more_second: bool
    waiting: int
    muted: int
    more: str | None
    focus: Focus | None
    done: Done | None


def view_queue(
    session: Session,
    footing: Footing,
    lessons: LessonFooting,
    asked: QueueRequest,
    identity: Identity,
) -> QueueView:
    """The queue of alerts that nobody has labelled; on its first page some by chance, samples too.

    So are a few that others have labelled, for a second opinion. Alerts that a known issue mutes
    are a queue of their own.

    Raises:
        NotFound: the alert that should be in focus is not there.
        InvalidRequest: the cursor is none of ours.
    """
    detector = footing.detector
    query = AlertQuery(
        unlabelled=True,
        muted=asked.muted,
        order=asked.order,
        cursor=asked.cursor,
        limit=LISTED,
    )
    found = list_alerts(session, detector, query)
    rows, second = found.rows, list[AlertRow]()
    if asked.cursor is None and not asked.muted:
        given = labels.count(session)
        second = await_second_opinion(session, detector, identity, footing.now, LISTED)
        shown = second[:SECOND_OPINIONS]
        rows = _mixed(rows, _by_chance(session, detector, rows), shown, given)
    following = replace(asked, cursor=found.next_cursor)
    return QueueView(
        asked,
        rows,
        frozenset(row.id for row in second),
        len(second) == LISTED,
        count_unlabelled(session, detector),
        count_unlabelled(session, detector, muted=True),
        following.url() if found.next_cursor else None,
        _focus(session, footing, asked, rows, identity),
        _done(session, lessons, asked, identity.name),
    )


def _by_chance(session: Session, detector: str, rows: list[AlertRow]) -> list[AlertRow]:
    """Some that are not among the rows: a good half samples, so that many alerts drown none."""
    listed, chosen = {row.id for row in rows}, list[AlertRow]()
    for kind, wanted in (("sample", RESERVED_SAMPLES), ("any", RESERVED)):
        limit = len(rows) + RESERVED
        query = AlertQuery(kind=kind, unlabelled=True, muted=False, order=Order.RANDOM, limit=limit)
        found = [row for row in list_alerts(session, detector, query).rows if row.id not in listed]
        chosen += found[: wanted - len(chosen)]
        listed |= {row.id for row in chosen}
    return chosen


def _mixed(
    rows: list[AlertRow], by_chance: list[AlertRow], second: list[AlertRow], given: int
) -> list[AlertRow]:
    """Nine rows between two by chance, nearer to the first with each label that was given.

    So who only ever decides on the first row meets each tenth time one by chance. With others'
    alerts among them it is each seventh time. Those that are left over come last.
    """
    step, mixed = LISTED // (RESERVED + len(second)) - 1, list[AlertRow]()
    chance = sorted(by_chance + second, key=lambda row: row.id)
    start, size = 0, step - given % (step + 1)
    while chance and start + size <= len(rows):
        mixed += rows[start : start + size]
        mixed.append(chance.pop(0))
        start, size = start + size, step
    return mixed + rows[start:] + chance


def _focus(
    session: Session,
    footing: Footing,
    asked: QueueRequest,
    rows: list[AlertRow],
    identity: Identity,
) -> Focus | None:
    ids = [row.id for row in rows]
    chosen = asked.at or (ids[0] if ids else None)
    if chosen is None:
        return None
    detector = footing.detector
    alert = get_alert(session, detector, chosen)
    early = provisional_releases(session, detector, footing.initial_rule, [alert])
    before, after = _neighbours(ids, chosen)
    return Focus(
        alert,
        early.get(alert.release),
        view_explanation(alert),
        headline_of(alert),
        muting.count(session, alert) if alert.verdict == Verdict.KNOWN_ISSUE else 0,
        label_history(session, detector, chosen),
        before,
        after,
        awaits_second_opinion(session, alert, identity, footing.now),
    )


def _neighbours(ids: list[str], chosen: str) -> tuple[str | None, str | None]:
    if chosen not in ids:
        return None, ids[0] if ids else None
    place = ids.index(chosen)
    before = ids[place - 1] if place > 0 else None
    return before, ids[place + 1] if place + 1 < len(ids) else None


def _done(
    session: Session, lessons: LessonFooting, asked: QueueRequest, analyst: str
) -> Done | None:
    if asked.done is None:
        return None
    alert = get_alert(session, lessons.detector, asked.done)
    mine = [
        each
        for each in label_history(session, lessons.detector, asked.done)
        if each.current and each.analyst == analyst
    ]
    return Done(alert, mine[0], what_it_teaches(session, lessons, alert)) if mine else None
