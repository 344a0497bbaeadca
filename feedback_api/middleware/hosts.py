"""Only known Host headers are answered, so that no rebound DNS name reaches us."""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from feedback_api.errors import WrongHost
from feedback_api.problems import problem_of


class KnownHosts:
    """Answers 421 where the Host header, without its port, is not an allowed one."""

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self._app = app
        self._allowed = frozenset(host.lower() for host in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, or answer it."""
        if scope["type"] == "http":
            given = Headers(scope=scope).getlist("host")
            if len(given) != 1 or _name(given[0]) not in self._allowed:
                told = WrongHost("this server does not answer for that host; see api.allowed_hosts")
                await problem_of(told).response()(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _name(host: str) -> str:
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()
