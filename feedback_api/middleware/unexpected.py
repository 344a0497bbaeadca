"""The last net: an error that nobody foresaw is logged and told as a problem."""

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedback_api.problems import problem_of

_log = structlog.get_logger(__name__)


class Unexpected:
    """Answers 500 without telling what is inside; the log has it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            if scope["type"] != "http" or begun:
                raise
            _log.exception("request failed", method=scope["method"], path=scope["path"])
            await problem_of(error).response()(scope, receive, send)
