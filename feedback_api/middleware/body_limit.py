"""No request body is read beyond a limit, whether it says its length or comes in chunks."""

import contextlib

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedback_api.errors import BodyTooLarge
from feedback_api.problems import problem_of

LIMIT_BYTES = 64 * 1024


class _TooMuch(Exception):  # noqa: N818  # never leaves this file
    pass


class BodyLimit:
    """Answers 413 once a body is over the limit."""

    def __init__(self, app: ASGIApp, limit: int = LIMIT_BYTES) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > self._limit:
            await self._refuse(scope, receive, send)
            return
        read, begun, over = 0, False, False

        async def counted() -> Message:
            nonlocal read, over
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._limit:
                over = True
                raise _TooMuch
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            # What the application says of the broken body is not its own fault to tell.
            if over and not begun:
                return
            begun = True
            await send(message)

        with contextlib.suppress(_TooMuch):
            await self._app(scope, counted, noted)
        if over and not begun:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = BodyTooLarge(f"the body is over {self._limit} bytes")
        await problem_of(told).response()(scope, receive, send)
