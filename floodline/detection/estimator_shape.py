"""What a table of parts may look like: no circle, and nothing that costs without end."""

from collections.abc import Sequence
from typing import Any

import msgspec

DEEPEST = 200
"""Parts inside each other; trees of height 24 need 75."""

_KINDS: dict[type, type] = {int: float, list: tuple}  # which of them it is says nothing
_SHARED = 64
_SMALL = 100_000


class Part(msgspec.Struct, frozen=True, array_like=True):
    """One object of an estimator: what it is, its name or number, and what it holds."""

    kind: str
    label: Any = None
    values: tuple[Any, ...] = ()


def check_shape(parts: Sequence[Part]) -> None:
    """Refuse a table whose objects could not be walked through in time that follows its size.

    Only a bound method may refer back to what holds it: it is called, never walked through. With
    part shared by part, ways from the first to the others may be far more than parts are; they
    are counted, since estimators follow each.

    Raises:
        ValueError: says what is wrong.
    """
    below = [_references(part, len(parts)) for part in parts]
    depth, ways = [0] * len(parts), [0] * len(parts)
    for at in _deepest_first(below):
        depth[at] = 1 + max((depth[each] for each in below[at]), default=0)
        ways[at] = min(1 + sum(ways[each] for each in below[at]), 2**62)
    if max(depth, default=0) > DEEPEST:
        raise ValueError(f"its parts are nested deeper than {DEEPEST}")
    _check_nodes(parts)
    if max(ways, default=0) > _SMALL + _SHARED * len(parts):
        raise ValueError("its parts refer to each other far too often")


def _check_nodes(parts: Sequence[Part]) -> None:
    """Refuse a tree whose nodes are not all alike: no try-out comes to each of them."""
    first: dict[str, dict[Any, type]] = {}
    for part in parts:
        if part.kind == "object" and str(part.label).startswith("river.tree."):
            kinds = {
                name: _KINDS.get(type(value), type(value))
                for name, value in zip(part.values[::2], part.values[1::2], strict=True)
            }
            if first.setdefault(part.label, kinds) != kinds:
                raise ValueError(f"two nodes of {part.label} are not alike")


def _references(part: Part, count: int) -> list[int]:
    """The parts that it holds, save what a method is bound to."""
    values: list[Any] = list(part.values)
    if part.kind in ("vector", "defaultdict"):
        values += part.label if part.kind == "vector" else [part.label]
    found = [value[0] for value in values if isinstance(value, list | tuple) and len(value) == 1]
    for at in found:
        if type(at) is not int or not 0 <= at < count:
            raise ValueError(f"there is no part {at!r:.20}")
    return [] if part.kind == "method" else found


def _deepest_first(below: Sequence[Sequence[int]]) -> list[int]:
    """Every part after all that it holds.

    Raises:
        ValueError: a part holds itself.
    """
    order: list[int] = []
    state = [0] * len(below)  # 1 while it is open, 2 when it is in order
    for root in range(len(below)):
        if state[root]:
            continue
        state[root] = 1
        way = [(root, iter(below[root]))]
        while way:
            at, rest = way[-1]
            for each in rest:
                if state[each] == 1:
                    raise ValueError(f"part {each} holds itself")
                if not state[each]:
                    state[each] = 1
                    way.append((each, iter(below[each])))
                    break
            else:
                state[at] = 2
                order.append(at)
                way.pop()
    return order
