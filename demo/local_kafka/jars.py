"""The broker's jars: pinned by version and digest, kept in the user's cache folder."""

import hashlib
import logging
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path

from floodline.errors import ConfigurationError, DependencyDown

LOCK_NAME = "jars.lock"
WAYS_OUT = (
    "Ways out: try again with the network up, start Kafka with Docker Compose "
    "(`docker compose up -d`), or name a Kafka that runs already with `--bootstrap-servers "
    "HOST:PORT`."
)
PARALLEL_FETCHES = 4

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar of the lock: its Maven coordinates and the SHA-256 of its bytes in hex."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def coordinates(self) -> str:
        """`group:artifact:version`."""
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def file_name(self) -> str:
        """The name that the jar has in the cache folder."""
        return f"{self.artifact}-{self.version}.jar"


Fetch = Callable[[Jar, Path], Path]
"""Brings one jar into a folder and returns its file; raises DependencyDown where it cannot."""


def read_lock(text: str) -> tuple[Jar, ...]:
    """Read `group:artifact:version sha256` lines; `#` opens a comment.

    Raises ConfigurationError at the first line of another shape.
    """
    jars = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        parts = words[0].split(":")
        if len(words) != 2 or len(parts) != 3 or len(words[1]) != 64:
            raise ConfigurationError(
                f"{LOCK_NAME} line {number} is not 'group:artifact:version sha256': {line!r}. "
                "Write it anew with `python -m demo.local_kafka.relock`."
            )
        group, artifact, version = parts
        jars.append(Jar(group, artifact, version, sha256=words[1]))
    return tuple(jars)


def pinned_jars() -> tuple[Jar, ...]:
    """Every jar that the broker needs, as the lock beside this file pins them."""
    return read_lock((files("demo.local_kafka") / LOCK_NAME).read_text(encoding="utf-8"))


def digest(file: Path) -> str:
    """Return the SHA-256 of a file's bytes in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def provide(folder: Path, jars: Sequence[Jar], fetch: Fetch) -> tuple[Path, ...]:
    """Return the files of `jars` in `folder`, fetching those that are missing or damaged.

    Each file's digest is checked at each call. A fetched file takes its name by an atomic rename
    only after its digest was found right, so processes may call this at once. Raises
    DependencyDown where a jar cannot be had or its digest is wrong.
    """
    wanted = {jar: folder / jar.file_name for jar in jars}
    missing = [jar for jar, file in wanted.items() if not _is_intact(file, jar)]
    if missing:
        _log.info("fetching %d of Kafka's %d jars into %s", len(missing), len(jars), folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as staging:
                _fetch_all(missing, Path(staging), folder, fetch)
        except OSError as error:
            raise DependencyDown(
                f"Kafka's jars could not be kept in {folder}: {error}. Make room there or name "
                f"another cache folder with XDG_CACHE_HOME. {WAYS_OUT}"
            ) from error
    return tuple(wanted.values())


def _is_intact(file: Path, jar: Jar) -> bool:
    return file.is_file() and digest(file) == jar.sha256


def _fetch_all(jars: Sequence[Jar], staging: Path, folder: Path, fetch: Fetch) -> None:
    with ThreadPoolExecutor(PARALLEL_FETCHES) as pool:
        work = partial(_fetch_one, staging=staging, folder=folder, fetch=fetch)
        try:
            for _ in pool.map(work, jars):
                pass
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _fetch_one(jar: Jar, staging: Path, folder: Path, fetch: Fetch) -> None:
    fetched = fetch(jar, staging)
    found = digest(fetched)
    if found != jar.sha256:
        raise DependencyDown(
            f"The file fetched for {jar.coordinates} has the SHA-256 {found}, but {LOCK_NAME} "
            f"pins {jar.sha256}; it was thrown away. A proxy or mirror may have changed it. "
            f"{WAYS_OUT}"
        )
    fetched.replace(folder / jar.file_name)
