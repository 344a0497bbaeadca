"""A place of states in memory, which many members share and which fails when it is told to."""

from collections.abc import Callable
from dataclasses import dataclass, field

from floodline.storage.place import Entry


@dataclass
class FakeDisk:
    """The files of all members: path to bytes, in the order of writing."""

    files: dict[str, bytes] = field(default_factory=dict)
    refusals: int = 0

    def snapshots(self) -> list[str]:
        """Paths of all snapshots, in order."""
        return sorted(path for path in self.files if path.startswith("/snapshots/"))


class FakePlace:
    """One member's way to the disk; `at` is told of each write, before and after it."""

    advice = "it is a fake"

    def __init__(
        self, disk: FakeDisk, path: str = "", at: Callable[[str], None] = lambda point: None
    ) -> None:
        self._disk = disk
        self._path = path
        self._at = at

    @property
    def where(self) -> str:
        """The path."""
        return self._path or "/"

    def within(self, *names: str) -> "FakePlace":
        """The place below."""
        return FakePlace(self._disk, "/".join((self._path, *names)), self._at)

    def write(self, name: str, data: bytes) -> None:
        """Keep the file, or refuse as a full disk does."""
        self._at("before a write")
        if self._disk.refusals:
            self._disk.refusals -= 1
            raise OSError(28, "No space left on device")
        # A file that is written anew is the newest.
        self._disk.files.pop(f"{self._path}/{name}", None)
        self._disk.files[f"{self._path}/{name}"] = data
        self._at("after a write")

    def create(self, name: str, data: bytes) -> None:
        """The same where there is none."""
        if f"{self._path}/{name}" in self._disk.files:
            raise FileExistsError(name)
        self._disk.files[f"{self._path}/{name}"] = data

    def read(self, name: str) -> bytes:
        """The bytes."""
        try:
            return self._disk.files[f"{self._path}/{name}"]
        except KeyError:
            raise FileNotFoundError(2, "No such file or directory") from None

    def delete(self, name: str) -> None:
        """Let it go."""
        self._disk.files.pop(f"{self._path}/{name}", None)

    def entries(self) -> list[Entry]:
        """The files directly here; the later one was written, the later its time."""
        found = [path.rpartition("/") for path in self._disk.files]
        return [
            Entry(name, float(number))
            for number, (folder, _, name) in enumerate(found)
            if folder == self._path
        ]

    def tidy(self) -> None:
        """Nothing is left by broken writes."""
