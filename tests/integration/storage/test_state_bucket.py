"""States in a bucket: s3fs against servers that speak S3. Both are fakes of a cloud's bucket.

`bucket` is moto's server; `AnsweringServer` gives one answer, to show what each answer means.
"""

import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from floodline.configuration.sections import StoreOptions, StoreSection
from floodline.errors import ConfigurationError, DependencyDown, StateRefused
from floodline.storage.state_store import StateStore, open_store
from tests.fixtures.buckets import Bucket
from tests.fixtures.state_store_promises import ABSENT, StorePromises


class TestBucket(StorePromises):
    """A bucket keeps the promises of every store."""

    @pytest.fixture
    def store(self, bucket: Bucket) -> StateStore:
        return StateStore.open(f"s3://{bucket.name}/some/prefix", bucket.options)


def test_objects_lie_under_the_prefix_and_nothing_beside_them(bucket: Bucket) -> None:
    """A state is the object prefix/digest; no temporary name is ever used."""
    store = StateStore.open(f"s3://{bucket.name}/pre/fix/", bucket.options)
    digest = store.write(b"state")
    files = bucket.files()
    assert files.find(bucket.name) == [f"{bucket.name}/pre/fix/{digest}"]
    assert files.cat_file(f"{bucket.name}/pre/fix/{digest}") == b"state"


def test_the_configuration_opens_a_bucket(bucket: Bucket) -> None:
    """[store] and [store.options] are all that it takes; without a prefix too."""
    options = StoreOptions.model_validate(bucket.options)
    store = open_store(StoreSection(folder=f"s3://{bucket.name}", options=options))
    assert store.read(store.write(b"state")) == b"state"


def test_damage_in_a_bucket_is_refused(bucket: Bucket) -> None:
    """An object with other bytes than its name says is refused, and named."""
    store = StateStore.open(f"s3://{bucket.name}/x", bucket.options)
    digest = store.write(b"state")
    bucket.files().pipe_file(f"{bucket.name}/x/{digest}", b"stat")
    with pytest.raises(StateRefused, match=f"s3://.*{digest}: the bytes have another digest"):
        store.read(digest)


def test_a_bucket_that_is_not_there_is_named(bucket: Bucket) -> None:
    """A wrong bucket is told at the first use, each time in the error of that use."""
    store = StateStore.open("s3://no-such-bucket/x", bucket.options)
    with pytest.raises(
        ConfigurationError, match=r"s3://no-such-bucket/x: cannot be written: .*exist"
    ):
        store.write(b"state")
    with pytest.raises(ConfigurationError, match=r"no-such-bucket/x: store-id .*exist"):
        store.identity()
    with pytest.raises(StateRefused, match="bucket does not exist"):
        store.read(ABSENT)


def _ask(name: str, options: dict[str, str], found: "multiprocessing.SimpleQueue[str]") -> None:
    found.put(StateStore.open(f"s3://{name}/race", options).identity())


def test_processes_that_race_for_a_buckets_identity_get_the_same(bucket: Bucket) -> None:
    """The server makes the object for one of them, and the others read it."""
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    arguments = (bucket.name, bucket.options, answers)
    asking = [context.Process(target=_ask, args=arguments) for _ in range(2)]
    for process in asking:
        process.start()
    found = {answers.get() for _ in asking}
    for process in asking:
        process.join(30)
        assert process.exitcode == 0
    stores = [StateStore.open(f"s3://{bucket.name}/threads", bucket.options) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        among_threads = set(threads.map(StateStore.identity, stores))
    assert len(found) == len(among_threads) == 1
    assert found != among_threads


class AnsweringServer(BaseHTTPRequestHandler):
    """Gives what `answer` says, by method and headers; counts the requests."""

    protocol_version = "HTTP/1.1"  # a client's `Expect: 100-continue` is answered
    answer: Callable[[str, bool], tuple[int, bytes]]
    asked: list[str]

    def _respond(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        type(self).asked.append(self.command)
        status, body = type(self).answer(self.command, "If-None-Match" in self.headers)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_DELETE = do_HEAD = _respond  # noqa: N815  # the base class's names

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def _answering(answer: Callable[[str, bool], tuple[int, bytes]]) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Handler", (AnsweringServer,), {"answer": staticmethod(answer), "asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def _fault(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>the server says {code}</Message></Error>".encode()


def _store(endpoint: str, timeout: str = "10") -> StateStore:
    options = {"endpoint_url": endpoint, "key": "key", "secret": "hush", "timeout_seconds": timeout}
    return StateStore.open("s3://bucket/prefix", options | {"region": "us-east-1"})


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (403, _fault("AccessDenied"), ConfigurationError, "AccessDenied"),
        (403, _fault("ExpiredToken"), ConfigurationError, "ExpiredToken"),
        (403, _fault("RequestTimeTooSkewed"), ConfigurationError, "RequestTimeTooSkewed"),
        (400, _fault("AuthorizationHeaderMalformed"), ConfigurationError, "Malformed"),
        (503, _fault("SlowDown"), DependencyDown, "SlowDown"),
        (500, _fault("InternalError"), DependencyDown, "InternalError"),
        (502, b"<html>bad gateway</html>", DependencyDown, "does not answer"),
        (404, _fault("NoSuchKey"), StateRefused, "all processes must share"),
        (200, b"<html>not S3</html>", StateRefused, "another digest"),
    ],
)
def test_what_a_bucket_answers_is_one_clear_error(
    status: int, body: bytes, error: type[Exception], said: str
) -> None:
    """Only an absent or damaged object is lost; refusals and outages are told as such.

    Nothing is asked more than three times, and no secret is told.
    """
    with _answering(lambda *_: (status, body)) as (endpoint, asked):
        store = _store(endpoint)
        with pytest.raises(error, match=said) as caught:
            store.read(ABSENT)
        assert asked.count("GET") <= 3
        assert "hush" not in str(caught.value)
        if status == 200:
            return
        with pytest.raises(
            ConfigurationError, match=r"cannot be written: .*; check store\.options"
        ):
            store.write(b"state")
        assert asked.count("PUT") <= 3


def test_a_server_that_is_no_bucket_is_told_by_a_sweep() -> None:
    """A listing that is no XML of S3 is an error of the setting, not a traceback."""
    with (
        _answering(lambda *_: (200, b"<html>hello")) as (endpoint, _),
        pytest.raises(ConfigurationError, match="cannot be swept"),
    ):
        _store(endpoint).sweep([], newest=0)


def test_a_server_without_conditional_put_still_gives_an_identity() -> None:
    """Where If-None-Match is not implemented, the identity is put and read back."""
    held: list[bytes] = []

    def answer(method: str, conditional: bool) -> tuple[int, bytes]:
        if conditional:
            return 501, _fault("NotImplemented")
        if method == "PUT":
            held.append(b"0" * 32)
            return 200, b""
        return (200, held[0]) if held else (404, _fault("NoSuchKey"))

    with _answering(answer) as (endpoint, asked):
        assert _store(endpoint).identity() == "0" * 32
        assert asked.count("PUT") == 2


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict"])
def test_who_comes_second_reads_the_identity_of_the_first(code: str) -> None:
    """A server that refuses the second PUT gives the second member the first one's identity."""
    asked: list[str] = []

    def answer(method: str, conditional: bool) -> tuple[int, bytes]:
        asked.append(method)
        if conditional:
            return (412 if code == "PreconditionFailed" else 409), _fault(code)
        return (200, b"1" * 32) if "PUT" in asked else (404, _fault("NoSuchKey"))

    with _answering(answer) as (endpoint, _):
        assert _store(endpoint).identity() == "1" * 32


def test_a_server_that_does_not_answer_is_given_up_in_time() -> None:
    """A call ends within the timeout, whoever listens and says nothing, or does not listen."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        store = _store(endpoint, "1")
        started = time.monotonic()
        with pytest.raises(DependencyDown, match=r"no answer within 1 s; check store\.options"):
            store.read(ABSENT)
        with pytest.raises(ConfigurationError, match="cannot be written: no answer within 1 s"):
            store.write(b"state")
        with pytest.raises(DependencyDown, match="no answer within 1 s"):
            store.identity()
        assert time.monotonic() - started < 10
    with pytest.raises(DependencyDown, match="does not answer"):
        _store(endpoint).read(ABSENT)


def test_what_is_no_address_or_no_key_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint that is no URL, and missing credentials, are faults that the operator mends."""
    with pytest.raises(ConfigurationError, match="Invalid endpoint: nonsense"):
        _store("nonsense").read(ABSENT)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    options = {"endpoint_url": "http://127.0.0.1:9", "region": "us-east-1"}
    with pytest.raises(ConfigurationError, match="Unable to locate credentials; check store"):
        StateStore.open("s3://bucket/prefix", options).read(ABSENT)
