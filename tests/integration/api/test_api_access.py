"""Who is let in, and who is not."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi import APIRouter, Response
from fastapi.routing import APIRoute

from feedback_api.access.api_key import ApiKey
from feedback_api.access.roles import Role
from feedback_api.access.rules import Needs, Public, rules, undeclared
from feedback_api.use_cases.keys import revoke_key
from floodline.errors import ConfigurationError, Conflict, NotFound
from floodline.storage.engine import transaction
from tests.integration.api.application import ORIGIN, Api, problem
from tests.integration.storage.samples import new_alert, store

OPEN = {"/healthz", "/readyz", "/metrics", "/login", "/static/{name}"}
EVIL = "https://evil.example"


def _routes(api: Api) -> Iterator[tuple[str, str, Public | Needs]]:
    for route in api.app.routes:
        assert isinstance(route, APIRoute)
        (rule,) = rules(route)
        for method in sorted(route.methods or ()):
            yield method, route.path, rule


def test_every_route_declares_one_access_rule(lite: Api) -> None:
    """Each route says who may call it, and only probes, sign-in and static files are open."""
    assert undeclared(lite.app.routes) == []
    public = {path for _, path, rule in _routes(lite) if isinstance(rule, Public)}
    assert public == OPEN


def test_a_route_without_a_rule_is_found() -> None:
    """A route that forgets its rule is named, whatever kind it is."""
    router = APIRouter()

    @router.get("/forgotten")
    def forgotten() -> None:
        """Nobody said who may."""

    router.add_route("/plain", lambda request: Response())
    assert undeclared(router.routes) == ["/forgotten", "/plain"]


def test_what_changes_something_needs_its_role(lite: Api) -> None:
    """Labelling needs an analyst, steering an engineer; a preview stores nothing."""
    for method, path, rule in _routes(lite):
        if method not in ("GET", "HEAD") and path not in ("/login", "/logout"):
            assert isinstance(rule, Needs), path
            steers = "/threshold" in path or "/teaching" in path
            needed = Role.ENGINEER if steers else Role.ANALYST
            if path == "/api/v1/threshold/preview":
                needed = Role.VIEWER
            assert rule.role is needed, path


def _keys(api: Api) -> dict[str, str | None]:
    known = api.key("alice")
    parsed = ApiKey.parse(known)
    assert parsed is not None
    revoked = api.key("alice")
    expired = api.key("alice", lifetime=timedelta(seconds=1))
    gone = ApiKey.parse(revoked)
    assert gone is not None
    with transaction(api.engine) as session:
        revoke_key(session, gone.id, actor="test", now=api.clock())
    api.clock.move(seconds=1)
    return {
        "none": None,
        "unknown": ApiKey.new().text,
        "wrong secret": ApiKey(parsed.id, ApiKey.new().secret).text,
        "malformed": "fl_x_y",
        "empty": "",
        "upper case": known.upper(),
        "revoked": revoked,
        "expired": expired,
    }


def test_without_a_good_key_every_closed_route_is_401(api: Api) -> None:
    """No key, and each kind of bad one, gets 401 from every route that is not open."""
    for why, key in _keys(api).items():
        for method, path, rule in _routes(api):
            if isinstance(rule, Public):
                continue
            answer = api.call(method, path.replace("{alert_id}", "a"), key=key)
            told = problem(answer, 401, "unauthenticated")
            assert answer.headers["www-authenticate"].startswith("Bearer"), why
            assert key is None or not key or key not in told["detail"]


def test_a_page_without_a_session_leads_to_the_sign_in(lite: Api) -> None:
    """A browser is sent to /login, which leads back."""
    answer = lite.get("/?order=newest", headers={"Accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2F%3Forder%3Dnewest"


@pytest.mark.parametrize("scheme", ["Basic", "Token", "", "Bearer Bearer"])
def test_another_scheme_is_401(lite: Api, scheme: str) -> None:
    """Only Bearer carries a key."""
    headers = {"Authorization": f"{scheme} {lite.key('alice')}".strip()}
    problem(lite.get("/api/v1/me", headers=headers), 401, "unauthenticated")


def test_a_disabled_user_is_out(api: Api) -> None:
    """A key's owner who is disabled is not let in."""
    key = api.key("alice")
    with api.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE users SET disabled_at = '2026-01-01 00:00:00'")
    problem(api.get("/api/v1/me", key), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.VIEWER, 403), (Role.ANALYST, 201), (Role.ENGINEER, 201), (Role.ADMIN, 201)],
)
def test_roles(api: Api, role: Role, status: int) -> None:
    """Everybody reads; analysts and those above them label."""
    key = api.key("alice", role)
    (wanted,) = store(api.engine, new_alert(1))
    assert api.get(f"/api/v1/alerts/{wanted}", key).status_code == 200
    answer = api.post(f"/api/v1/alerts/{wanted}/labels", key, json={"verdict": "unsure"})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:8080", True),
        ("LOCALHOST:1", True),
        ("[::1]:8080", True),
        ("[::1]", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("127.0.0.1:80@evil.example", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("path", ["/healthz", "/", "/api/v1/me", "/nothing"])
def test_only_known_hosts_are_answered(lite: Api, host: str, allowed: bool, path: str) -> None:
    """A Host header that is not allowed is 421 everywhere, so a rebound name reaches nothing."""
    answer = lite.get(path, headers={"Host": host})
    if allowed:
        assert answer.status_code != 421
    else:
        problem(answer, 421, "wrong-host")


def _signed_in(api: Api, key: str) -> dict[str, str]:
    answer = api.post("/login", data={"key": key}, headers={"Origin": ORIGIN})
    assert answer.status_code == 303, answer.text
    name, _, rest = answer.headers["set-cookie"].partition("=")
    return {"Cookie": f"{name}={rest.partition(';')[0]}"}


def test_a_key_opens_a_session_that_ends(api: Api) -> None:
    """Signing in sets a strict cookie of random text, and it lasts until its hours are over."""
    answer = api.post("/login", data={"key": f" {api.key('alice')} "}, headers={"Origin": ORIGIN})
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=strict", "Max-Age=43200"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert "fl_" not in cookie
    cookies = _signed_in(api, api.key("alice"))
    me = api.get("/api/v1/me", headers=cookies).json()
    assert me == {"name": "alice", "role": "analyst", "shown_by": "session"}
    api.clock.move(hours=12)
    problem(api.get("/api/v1/me", headers=cookies), 401, "unauthenticated")


def test_a_secure_cookie_belongs_to_this_host_alone(sqlite_api_secure: Api) -> None:
    """With api.secure_cookie the cookie is Secure and carries the __Host- prefix."""
    api = sqlite_api_secure
    answer = api.post("/login", data={"key": api.key("alice")}, headers={"Origin": ORIGIN})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-floodline_session=")
    assert "Secure" in cookie.split("; ")


@pytest.fixture
def sqlite_api_secure(lite: Api) -> Api:
    """The application behind HTTPS."""
    return Api(lite.engine, secure_cookie=True)


def test_signing_out_ends_the_session_itself(api: Api) -> None:
    """After signing out the cookie is worth nothing, even where it was copied."""
    cookies = _signed_in(api, api.key("alice"))
    answer = api.post("/logout", headers={**cookies, "Origin": ORIGIN})
    assert answer.headers["location"] == "/login"
    assert "Max-Age=0" in answer.headers["set-cookie"]
    problem(api.get("/api/v1/me", headers=cookies), 401, "unauthenticated")


def test_a_revoked_key_ends_its_sessions(api: Api) -> None:
    """Revoking a key ends what was opened with it."""
    text = api.key("alice")
    key = ApiKey.parse(text)
    assert key is not None
    cookies = _signed_in(api, text)
    with transaction(api.engine) as session:
        revoke_key(session, key.id, actor="test", now=api.clock())
        revoke_key(session, key.id, actor="test", now=api.clock())
    problem(api.get("/api/v1/me", headers=cookies), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": ORIGIN}, 201),
        ({"Origin": f"{ORIGIN}:80"}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}, 201),
        ({}, 403),
        ({"Origin": EVIL}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": f"{ORIGIN}:8080"}, 403),
        ({"Origin": "file://127.0.0.1"}, 403),
        ({"Origin": "http://[zz"}, 403),
        ({"Origin": f"{ORIGIN}.evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_a_session_acts_from_our_own_pages_only(
    lite: Api, headers: dict[str, str], status: int
) -> None:
    """With a cookie, an unsafe request must come from this origin; reading need not say."""
    cookies = _signed_in(lite, lite.key("alice"))
    (wanted,) = store(lite.engine, new_alert(1))
    path = f"/api/v1/alerts/{wanted}/labels"
    answer = lite.post(path, json={"verdict": "unsure"}, headers={**cookies, **headers})
    assert answer.status_code == status
    assert lite.get(path, headers={**cookies, "Origin": EVIL}).status_code == 200


def test_a_key_needs_no_origin(lite: Api) -> None:
    """A program with a key is no browser: no other site can send its key."""
    (wanted,) = store(lite.engine, new_alert(1))
    answer = lite.post(
        f"/api/v1/alerts/{wanted}/labels", lite.key("alice"), json={"verdict": "unsure"}
    )
    assert answer.status_code == 201


def test_a_bad_key_beside_a_good_session_is_401(lite: Api) -> None:
    """A key that was sent counts: a session does not stand in for it."""
    cookies = _signed_in(lite, lite.key("alice"))
    headers = {**cookies, "Authorization": f"Bearer {ApiKey.new().text}"}
    problem(lite.get("/api/v1/me", headers=headers), 401, "unauthenticated")


@pytest.mark.parametrize("token", ["", "x", "fl_x", "%00", "a" * 5000])
def test_a_made_up_session_is_401(lite: Api, token: str) -> None:
    """A cookie that we did not set lets nobody in."""
    answer = lite.get("/api/v1/me", headers={"Cookie": f"floodline_session={token}"})
    problem(answer, 401, "unauthenticated")


def test_failed_sign_ins_are_bounded(lite: Api) -> None:
    """Ten failures within five minutes end the attempts from an address, for a while."""
    headers = {"Origin": ORIGIN, "Accept": "text/html"}
    for _ in range(10):
        answer = lite.post("/login", data={"key": "fl_wrong"}, headers=headers)
        assert answer.status_code == 401
        assert "unknown, revoked or expired" in answer.text
    good = {"key": lite.key("alice")}
    blocked = lite.post("/login", data=good, headers=headers)
    assert blocked.status_code == 429
    assert "too many failed sign-ins" in blocked.text.lower()
    lite.clock.move(minutes=5)
    assert lite.post("/login", data=good, headers=headers).status_code == 303


def test_another_site_cannot_sign_a_browser_in(lite: Api) -> None:
    """The sign-in form is taken from our own page only."""
    answer = lite.post("/login", data={"key": lite.key("alice")}, headers={"Origin": EVIL})
    problem(answer, 403, "foreign-origin")


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("/?order=newest", "/?order=newest"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\r\nSet-Cookie: a=b", "/"),
        ("", "/"),
    ],
)
def test_signing_in_never_leads_elsewhere(lite: Api, wanted: str, given: str) -> None:
    """The way back is a path of ours, or the queue."""
    data = {"key": lite.key("alice"), "next": wanted}
    answer = lite.post("/login", data=data, headers={"Origin": ORIGIN})
    assert answer.headers["location"] == given


def test_without_keys_everybody_is_the_local_analyst(api: Api) -> None:
    """With api.auth none a program needs nothing, and a browser must come from our own page."""
    open_api = Api(api.engine, auth="none")
    (wanted,) = store(api.engine, new_alert(1))
    path = f"/api/v1/alerts/{wanted}/labels"
    assert open_api.get("/api/v1/me").json() == {
        "name": "local",
        "role": "analyst",
        "shown_by": "none",
    }
    assert open_api.post(path, json={"verdict": "unsure"}).json()["analyst"] == "local"
    for headers in ({"Origin": EVIL}, {"Sec-Fetch-Site": "cross-site"}):
        answer = open_api.post(path, json={"verdict": "confirmed"}, headers=headers)
        problem(answer, 403, "foreign-origin")
    problem(open_api.get("/api/v1/me", headers={"Host": "evil.example"}), 421, "wrong-host")


def test_a_key_has_its_owners_role(api: Api) -> None:
    """A second key of a user with another role is refused, and so is a name that is taken."""
    api.key("alice", Role.VIEWER)
    with pytest.raises(Conflict, match="alice is viewer"):
        api.key("alice", Role.ADMIN)
    for name in ("local", "", "a b", "ü", "a\n", "x" * 101):
        with pytest.raises(ConfigurationError, match="cannot be a user's name"):
            api.key(name)


def test_revoking_an_unknown_key_says_so(api: Api) -> None:
    """A key that is not there is named."""
    with pytest.raises(NotFound, match="no key 'x'"), transaction(api.engine) as session:
        revoke_key(session, "x", actor="test", now=api.clock())


def test_the_secret_is_nowhere_in_the_database(lite: Api) -> None:
    """Of keys and sessions only digests are kept."""
    text = lite.key("alice")
    cookies = _signed_in(lite, text)
    secret = text.rpartition("_")[2]
    token = cookies["Cookie"].partition("=")[2]
    with lite.engine.begin() as connection:
        dump = "\n".join(connection.connection.driver_connection.iterdump())  # type: ignore[union-attr]
    assert "alice" in dump
    assert secret not in dump
    assert token not in dump


def test_an_origin_that_is_no_address_is_refused(lite: Api) -> None:
    """Whoever asks without a key gets a refusal, not a failure."""
    answer = lite.post("/login", data={"key": "x"}, headers={"Origin": "http://[zz"})
    problem(answer, 403, "foreign-origin")


def test_a_page_behind_a_tls_proxy_is_our_own(lite: Api) -> None:
    """The proxy keeps the Host header and speaks http to us; the page's origin is https."""
    answer = lite.post(
        "/login",
        data={"key": lite.key("alice")},
        headers={"Origin": ORIGIN.replace("http:", "https:")},
    )
    assert answer.status_code == 303
