"""What a way to use labels must be able to do."""

from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection.detector import Rows
from floodline.detection.parameters import ModelParameters
from floodline.feedback.decision import Decider, Decision
from floodline.simulation.analysts import Told
from floodline.simulation.schedule import Schedule

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Booleans = NDArray[np.bool_]


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What a method is made from.

    Attributes:
        schedule: when it is asked.
        parameters: of the model, with its seed.
        features: the columns of the rows, in order.
        decider: how a threshold is decided upon.
        rarity: before that, the rarest events are alerts: this share of them.
        half_life: windows after which an event counts half; None: age does not matter.
        seed: fixes what is drawn for review.
    """

    schedule: Schedule
    parameters: ModelParameters
    features: tuple[str, ...]
    decider: Decider
    rarity: float
    half_life: float | None
    seed: int


class Method(Protocol):
    """A way to use labels, over one stream.

    After the warm-up a window has three steps: `step`, `choose`, `learn`.
    """

    def step(self, rows: Rows) -> Numbers:
        """Score, then learn, the next events in order; their scores as published, (n,)."""
        ...

    def choose(self, count: int) -> Places:
        """Whom to show to the analysts of the window just scored: places in it, `count` at most."""
        ...

    def learn(self, told: Told) -> None:
        """Take in the labels that are known after the window, and act upon them."""
        ...

    @property
    def alerts(self) -> Booleans | None:
        """Which events so far were alerts; None for a method that raises none."""
        ...

    @property
    def decision(self) -> Decision | None:
        """What `learn` decided on the threshold; None for a method that has none."""
        ...
