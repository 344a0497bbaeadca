"""/healthz, /readyz, /metrics, and what they reveal."""

from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from tests.integration.api.application import Api
from tests.integration.storage.samples import DETECTOR, new_alert, store


@dataclass
class Stopped:
    """A worker that is down."""

    name: str = "intake"
    state: str = "down"


def test_it_is_alive(lite: Api) -> None:
    """Liveness asks nothing of the database."""
    assert lite.get("/healthz").json() == {"status": "ok"}


def test_it_is_ready_while_the_database_answers(api: Api) -> None:
    """Readiness tells each worker's state, and a worker that is down takes nothing away."""
    behind = Api(api.engine, background=(Stopped(),))
    answer = behind.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"database": "up", "intake": "down"}}


def test_requests_are_measured_by_route(lite: Api) -> None:
    """A request counts under its route's template; an unknown address under one name."""
    key = lite.key("alice")
    store(lite.engine, new_alert(1))
    lite.get("/api/v1/alerts/some-secret-entity", key)
    lite.get("/some-secret-entity")
    text = lite.get("/metrics").text
    assert "some-secret-entity" not in text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    counted = {
        (sample.labels["route"], sample.labels["status"])
        for sample in families["floodline_http_request_seconds"].samples
    }
    assert counted == {("/api/v1/alerts/{alert_id}", "404"), ("unmatched", "404")}


def test_what_is_open_reveals_no_data(lite: Api) -> None:
    """Neither alert, entity, user nor key shows at the open addresses."""
    lite.key("alice")
    store(lite.engine, new_alert(1, entity="secret-entity"))
    for path in ("/healthz", "/readyz", "/metrics", "/login"):
        text = lite.get(path).text
        assert "secret-entity" not in text
        assert "alice" not in text
        assert "fl_0" not in text
    assert DETECTOR not in lite.get("/login").text
