"""What `floodline kafka up` left running: a file that names the process beyond doubt."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from floodline.errors import ConfigurationError

if TYPE_CHECKING:
    import psutil  # an optional extra: the command line must load without it

STATE_NAME = "state.json"
# The system derives a start time from its clock, which may be set a little between two looks.
START_TOLERANCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class BrokerProcess:
    """A broker that was started: its process id, that process's start (epoch seconds), its port.

    The start time keeps a recycled process id from being taken for the broker.
    """

    pid: int
    started: float
    port: int

    @classmethod
    def of(cls, pid: int, port: int) -> Self:
        """Describe the process that has `pid` now."""
        import psutil

        return cls(pid, float(psutil.Process(pid).create_time()), port)

    def find(self) -> "psutil.Process | None":
        """Return the very process that was started, None where it is gone."""
        import psutil

        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) <= START_TOLERANCE_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


def write_state(folder: Path, process: BrokerProcess) -> None:
    """Note `process` in `folder`, all or nothing."""
    fresh = folder / f"{STATE_NAME}.new"
    fresh.write_text(json.dumps(asdict(process)), encoding="utf-8")
    fresh.replace(folder / STATE_NAME)


def read_state(folder: Path) -> BrokerProcess | None:
    """Return what was noted in `folder`, None where nothing was.

    Raises ConfigurationError where the file is not ours.
    """
    file = folder / STATE_NAME
    try:
        noted = json.loads(file.read_text(encoding="utf-8"))
        return BrokerProcess(int(noted["pid"]), float(noted["started"]), int(noted["port"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(
            f"{file} does not tell which Kafka runs ({error!r}). If none runs from {folder}, "
            "delete that file; else stop it first."
        ) from error


def forget_state(folder: Path) -> None:
    """Delete the note."""
    (folder / STATE_NAME).unlink(missing_ok=True)
