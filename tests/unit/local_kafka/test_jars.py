"""The jars of the local Kafka: read from the lock, fetched once, refused when changed."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.local_kafka.jars import Jar, digest, pinned_jars, provide, read_lock
from floodline.errors import ConfigurationError, DependencyDown

CONTENT = b"the bytes of a jar"
JAR = Jar("org.example", "thing", "1.0", hashlib.sha256(CONTENT).hexdigest())


class Repository:
    """Serves `content` for every jar and counts what was asked for."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked: list[str] = []

    def fetch(self, jar: Jar, folder: Path) -> Path:
        self.asked.append(jar.coordinates)
        file = folder / "fetched"
        file.write_bytes(self.content)
        return file


def test_a_missing_jar_is_fetched_once(tmp_path: Path) -> None:
    """The first use fetches a jar and leaves nothing else behind; the second takes it as it is."""
    repository = Repository(CONTENT)
    cache = tmp_path / "cache"
    first = provide(cache, [JAR], repository.fetch)
    second = provide(cache, [JAR], repository.fetch)
    assert first == second == (cache / "thing-1.0.jar",)
    assert first[0].read_bytes() == CONTENT
    assert repository.asked == ["org.example:thing:1.0"]
    assert [file.name for file in cache.iterdir()] == ["thing-1.0.jar"]


def test_a_wrong_digest_is_refused(tmp_path: Path) -> None:
    """A fetched file with another digest is thrown away, and the error names jar and digests."""
    repository = Repository(b"other bytes")
    with pytest.raises(DependencyDown, match=rf"org\.example:thing:1\.0.*{JAR.sha256}.*Docker"):
        provide(tmp_path, [JAR], repository.fetch)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_jar_in_the_cache_is_fetched_anew(tmp_path: Path) -> None:
    """A cached file whose bytes changed is never used."""
    (tmp_path / JAR.file_name).write_bytes(b"half a j")
    (file,) = provide(tmp_path, [JAR], Repository(CONTENT).fetch)
    assert digest(file) == JAR.sha256


def test_another_process_may_fetch_at_the_same_time(tmp_path: Path) -> None:
    """A jar that appears in the cache while it is being fetched does no harm."""

    def fetch(jar: Jar, folder: Path) -> Path:
        provide(tmp_path, [jar], Repository(CONTENT).fetch)
        return Repository(CONTENT).fetch(jar, folder)

    (file,) = provide(tmp_path, [JAR], fetch)
    assert file.read_bytes() == CONTENT


def test_a_failed_fetch_is_passed_on(tmp_path: Path) -> None:
    """What the repository says reaches the caller, and the jars that did arrive are kept."""
    other = Jar("org.example", "absent", "2.0", "0" * 64)

    def fetch(jar: Jar, folder: Path) -> Path:
        if jar == other:
            raise DependencyDown("no such jar")
        return Repository(CONTENT).fetch(jar, folder)

    with pytest.raises(DependencyDown, match="no such jar"):
        provide(tmp_path, [JAR, other], fetch)
    assert [file.name for file in tmp_path.iterdir()] == [JAR.file_name]


def test_a_cache_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """Where the cache folder cannot be made, the message names the setting that moves it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DependencyDown, match="XDG_CACHE_HOME"):
        provide(tmp_path / "file" / "cache", [JAR], Repository(CONTENT).fetch)


def test_the_lock_is_read_with_comments_and_blank_lines() -> None:
    """Comments and blank lines are passed over."""
    assert read_lock(f"# jars\n\norg.example:thing:1.0 {JAR.sha256}  # why\n") == (JAR,)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace(" ", ""),
        lambda line: line.replace("org.example:", ""),
        lambda line: line[:-1],
        lambda line: f"{line} {line}",
    ],
)
def test_a_damaged_lock_is_refused(change: Callable[[str], str]) -> None:
    """A line of another shape is an error that tells its number."""
    with pytest.raises(ConfigurationError, match="line 2"):
        read_lock("# jars\n" + change(f"org.example:thing:1.0 {JAR.sha256}"))


def test_the_pinned_jars_belong_together() -> None:
    """The lock pins one Kafka version throughout, a log4j binding, and no file name twice."""
    jars = pinned_jars()
    assert {jar.version for jar in jars if jar.group == "org.apache.kafka"} == {"4.1.0"}
    assert "log4j-slf4j-impl" in {jar.artifact for jar in jars}
    assert len({jar.file_name for jar in jars}) == len(jars) == 46
