"""The snapshots of a store folder, and ways to spoil them."""

import os
import pickle
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


def snapshot_files(config: Path) -> list[Path]:
    """Every snapshot of every partition, in the store beside this configuration."""
    found = (config.parent / "states").rglob("*")
    return sorted(file for file in found if _DIGEST.match(file.name) and not file.is_symlink())


class Canary:
    """Unpickled, it makes the file `place`."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self._place),)


def pickled(canary: Path) -> bytes:
    """A pickle that makes `canary` for whoever loads it."""
    return pickle.dumps(Canary(canary))


Damage = Callable[[Path, list[bytes], random.Random], None]


def truncated(file: Path, others: list[bytes], draw: random.Random) -> None:
    """The file ends somewhere."""
    del others
    data = file.read_bytes()
    file.write_bytes(data[: draw.randrange(len(data))])


def flipped(file: Path, others: list[bytes], draw: random.Random) -> None:
    """One bit is another."""
    del others
    data = bytearray(file.read_bytes())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    file.write_bytes(data)


def foreign(file: Path, others: list[bytes], draw: random.Random) -> None:
    """The bytes are another snapshot's."""
    away = [other for other in others if other != file.read_bytes()]
    file.write_bytes(draw.choice(away))


def code(file: Path, others: list[bytes], draw: random.Random) -> None:
    """The bytes are a pickle that does something where it is loaded."""
    del others, draw
    file.write_bytes(pickled(file.with_name("canary")))


def linked(file: Path, others: list[bytes], draw: random.Random) -> None:
    """The file is a link to what it was."""
    del others, draw
    target = file.with_name(f"{file.name}-moved")
    file.rename(target)
    file.symlink_to(target)


def gone(file: Path, others: list[bytes], draw: random.Random) -> None:
    """There is no file."""
    del others, draw
    file.unlink()


def foldered(file: Path, others: list[bytes], draw: random.Random) -> None:
    """There is a folder in its place."""
    del others, draw
    file.unlink()
    file.mkdir()


DAMAGES: tuple[Damage, ...] = (truncated, flipped, foreign, code, linked, gone, foldered)


def remove_folders(config: Path) -> None:
    """Take away what `foldered` left, as an operator would."""
    for place in (config.parent / "states").rglob("*"):
        if _DIGEST.match(place.name) and place.is_dir():
            shutil.rmtree(place)
