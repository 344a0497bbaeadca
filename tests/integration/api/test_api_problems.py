"""Every error as problem details, and what every answer carries."""

import pytest
from fastapi import Depends
from sqlalchemy import Engine

from feedback_api.access.rules import Public
from feedback_api.middleware.body_limit import LIMIT_BYTES
from floodline.storage.engine import open_engine
from tests.integration.api.application import Api, in_chunks, problem
from tests.integration.storage.samples import new_alert, store

HTML = {"Accept": "text/html"}


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/api/v1/alerts/", "/static/x"])
def test_an_unknown_address_is_404(lite: Api, path: str) -> None:
    """There is nothing there, for whoever asks."""
    problem(lite.get(path), 404, "not-found")


def test_another_method_is_405_with_those_allowed(lite: Api) -> None:
    """The Allow header lists the methods that the address takes."""
    answer = lite.call("DELETE", "/api/v1/alerts", key=lite.key("alice"))
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("path", ["/api/v1/alerts/x/labels", "/login", "/nothing"])
def test_a_body_over_the_limit_is_413(lite: Api, path: str) -> None:
    """A body is not read beyond 64 KiB, be its length told or not."""
    key = lite.key("alice")
    body = b"x" * (LIMIT_BYTES + 1)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if path.startswith("/api"):
        headers = {"Content-Type": "application/json"}
    problem(lite.post(path, key, content=body, headers=headers), 413, "body-too-large")
    if path != "/nothing":  # nothing reads that body
        chunked = lite.post(path, key, content=in_chunks(body), headers=headers)
        problem(chunked, 413, "body-too-large")


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "9" * 30])
def test_a_false_length_is_refused(lite: Api, length: str) -> None:
    """A Content-Length that is none is not trusted."""
    answer = lite.post("/login", content=b"key=x", headers={"Content-Length": length})
    problem(answer, 413, "body-too-large")


def test_a_body_at_the_limit_is_read(lite: Api) -> None:
    """64 KiB themselves pass; what is in them is then judged."""
    body = b'{"verdict": "' + b"x" * (LIMIT_BYTES - 15) + b'"}'
    assert len(body) == LIMIT_BYTES
    (wanted,) = store(lite.engine, new_alert(1))
    answer = lite.post(
        f"/api/v1/alerts/{wanted}/labels",
        lite.key("alice"),
        content=in_chunks(body),
        headers={"Content-Type": "application/json"},
    )
    problem(answer, 422, "invalid-request")


def test_an_unforeseen_error_is_500_and_tells_nothing(lite: Api) -> None:
    """The inside of a failure stays in the log."""

    @lite.app.get("/fails", dependencies=[Depends(Public())])
    def fails() -> None:
        raise RuntimeError("the secret is 42")

    answer = lite.get("/fails")
    problem(answer, 500, "unexpected")
    assert "42" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_database_without_its_tables_is_503_for_a_while(engine: Engine) -> None:
    """A database that cannot serve is 503 with Retry-After, and nothing of its inside is told."""
    api = Api(engine)
    key = api.key("alice")
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE alerts RENAME TO elsewhere")
    answer = api.get("/api/v1/alerts", key)
    problem(answer, 503, "dependency-down")
    assert int(answer.headers["retry-after"]) > 0
    assert "alerts" not in answer.json()["detail"]


def test_an_unreachable_postgresql_is_503() -> None:
    """Sign-in, pages, API and readiness say that the database is away; liveness does not."""
    engine = open_engine("postgresql+psycopg://nobody:secret@127.0.0.1:1/nothing")
    api = Api(engine)
    key = f"fl_{'0' * 16}_{'0' * 64}"
    problem(api.get("/api/v1/alerts", key), 503, "dependency-down")
    told = problem(api.get("/readyz"), 503, "not-ready")
    assert told["checks"] == {"database": "down"}
    page = api.get("/", key, headers=HTML)
    assert page.status_code == 503
    assert "database does not answer" in page.text
    assert "127.0.0.1:1" not in page.text
    assert api.get("/healthz").status_code == 200
    engine.dispose()


@pytest.mark.parametrize("path", ["/nothing", "/?at=nothing", "/?cursor=x", "/?order=x"])
def test_people_get_pages(lite: Api, path: str) -> None:
    """An error is a page where a browser asks for one, with a way on."""
    answer = lite.get(path, lite.key("alice"), headers=HTML)
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"].startswith("text/html")
    assert "Back to the queue" in answer.text


@pytest.mark.parametrize("path", ["/", "/login", "/nothing", "/api/v1/me", "/healthz", "/metrics"])
def test_every_answer_carries_the_security_headers(lite: Api, path: str) -> None:
    """No inline script or style, no framing, no sniffing, nothing kept by caches."""
    answer = lite.get(path)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"


def test_answers_of_the_outermost_parts_carry_them_too(lite: Api) -> None:
    """A refused host and a refused body are answered with the same headers."""
    for answer in (
        lite.get("/", headers={"Host": "evil.example"}),
        lite.post("/login", content=b"x" * 100_000),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
