"""Which model scored under a release, and under which releases its trees were in force."""

from itertools import takewhile

import msgspec
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from floodline.detection.parameters import DefaultProfile, ModelParameters
from floodline.storage import releases
from floodline.storage.tables import AlertRow, ReleaseRow

_MOST_MODELS = 1_000

_Model = tuple[int, ModelParameters]


class ModelTenure(msgspec.Struct, frozen=True, kw_only=True):
    """A model, and the releases around it under which the same trees score.

    Attributes:
        since: the first of these releases; 0 where it is the configured model.
        until: the first one behind them, of other trees; None while there is none.
    """

    parameters: ModelParameters
    since: int
    until: int | None

    @property
    def teachable(self) -> DefaultProfile | None:
        """Its parameters, where labels can teach it; None for any other profile."""
        return self.parameters if isinstance(self.parameters, DefaultProfile) else None

    def scored(self) -> ColumnElement[bool]:
        """Of alerts and samples: these trees scored them."""
        scored = AlertRow.release >= self.since
        return scored if self.until is None else scored & (AlertRow.release < self.until)


def of_release(
    session: Session, detector: str, number: int, configured: ModelParameters
) -> ModelTenure:
    """The model in force under a release; before any retrained one it is the configured one.

    Models that were retrained with the same parameters of trees share their leaves.
    """
    models = _models(session, detector, configured)
    place = max(at for at, (first, _) in enumerate(models) if first <= max(number, 0))
    _, parameters = models[place]
    trees = _trees(parameters)

    def same(model: _Model) -> bool:
        return _trees(model[1]) == trees

    before = list(takewhile(same, reversed(models[: place + 1])))
    after = list(takewhile(same, models[place:]))
    following = models[place + len(after) :]
    return ModelTenure(
        parameters=parameters,
        since=before[-1][0],
        until=following[0][0] if following else None,
    )


def newest(session: Session, detector: str, configured: ModelParameters) -> ModelTenure:
    """The model of the newest release."""
    return of_release(session, detector, releases.next_number(session, detector), configured)


def _models(session: Session, detector: str, configured: ModelParameters) -> list[_Model]:
    """The first release of each model and its parameters, the oldest first."""
    chosen = (
        select(ReleaseRow)
        .where(ReleaseRow.detector == detector, ReleaseRow.kind == "retrain")
        .order_by(ReleaseRow.number.desc())
        .limit(_MOST_MODELS)
    )
    found = [(row.number, releases.message(row).model) for row in session.scalars(chosen)]
    retrained = [(number, model.parameters) for number, model in found if model is not None]
    return [(0, configured), *reversed(retrained)]


def _trees(parameters: ModelParameters) -> object:
    """What its trees are drawn from; the features stay with a detector."""
    if isinstance(parameters, DefaultProfile):
        return parameters.trees, parameters.height, parameters.widths, parameters.seed
    return parameters
