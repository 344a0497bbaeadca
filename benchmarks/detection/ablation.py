"""The default profile with one ingredient left out at a time."""

from functools import partial

from msgspec.structs import replace

from benchmarks.detection.detectors import Contender, ours, river
from floodline.detection.parameters import DefaultProfile


def variants() -> list[Contender]:
    """The whole default profile first, then River's, then each variant."""
    whole = DefaultProfile()
    changed = {
        "memory 250": replace(whole, memory=250),
        "memory 1,000": replace(whole, memory=1_000),
        "one box of 4": replace(whole, widths=(4.0,)),
        "no winsor": replace(whole, winsor=1e6),
        "no tail": replace(whole, tail=0.0),
        "one box of 4, no tail": replace(whole, widths=(4.0,), tail=0.0),
        "start 64": replace(whole, start=64),
        "start 250": replace(whole, start=250),
        "10 trees": replace(whole, trees=10),
        "25 trees": replace(whole, trees=25),
        "50 trees": replace(whole, trees=50),
        "height 6": replace(whole, height=6),
        "height 10": replace(whole, height=10),
        "guard .02": replace(whole, guard=0.02),
    }
    return [
        Contender("default", "the whole default profile", partial(ours, whole)),
        Contender("River HST", "River's trees, min-max scaling, window and score", river),
        *(
            Contender(name, _what(whole, profile), partial(ours, profile))
            for name, profile in changed.items()
        ),
    ]


def _what(whole: DefaultProfile, profile: DefaultProfile) -> str:
    """The parameters that differ from the default's."""
    return ", ".join(
        f"`{name}` {getattr(profile, name)} in place of {getattr(whole, name)}"
        for name in DefaultProfile.__struct_fields__
        if getattr(profile, name) != getattr(whole, name)
    )
