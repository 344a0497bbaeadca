"""What makes a score an alert."""

import msgspec


class ThresholdRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What makes a score an alert: a fixed threshold or, before any label, a rarity.

    Exactly one is set. Under `rarity` the threshold is provisional: the lowest score that at most
    this share of the recent events reached, taken anew at each event.
    """

    score: float | None = None
    rarity: float | None = None

    def __post_init__(self) -> None:
        if (self.score is None) == (self.rarity is None):
            raise ValueError("a threshold is either a score or a rarity")
        if self.score is not None and not 0 <= self.score <= 1:
            raise ValueError(f"a threshold's score lies in [0, 1], not {self.score}")
        if self.rarity is not None and not 0 < self.rarity < 1:
            raise ValueError(f"a threshold's rarity lies between 0 and 1, not {self.rarity}")
