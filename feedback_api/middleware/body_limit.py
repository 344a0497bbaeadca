"""A body is read up to a size and for a time, whether it says its length or comes in chunks."""

import asyncio
import contextlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedback_api.errors import BodyTooLarge, BodyTooSlow
from feedback_api.problems import problem_of

LIMIT_BYTES = 64 * 1024
SECONDS = 10.0


class _Broken(Exception):  # noqa: N818  # never leaves this file
    pass


class BodyLimit:
    """Answers 413 once a body is over the limit, 408 once it takes longer than the seconds.

    An answer that comes before the end of the body closes the connection, as nobody would wait for
    the rest of it.
    """

    def __init__(self, app: ASGIApp, limit: int = LIMIT_BYTES, seconds: float = SECONDS) -> None:
        self._app = app
        self._limit = limit
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(Headers(scope=scope), receive, send, self._limit, self._seconds)
        if body.fault is None:
            with contextlib.suppress(_Broken):
                await self._app(scope, body.receive, body.send)
        if body.fault is not None and not body.answered:
            answer = problem_of(body.fault).response()
            answer.headers["Connection"] = "close"
            await answer(scope, receive, send)


class _Body:
    """One request's body on its way in, and the answer on its way out."""

    def __init__(
        self, headers: Headers, receive: Receive, send: Send, limit: int, seconds: float
    ) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._seconds = seconds
        self._until = asyncio.get_running_loop().time() + seconds
        self._read = 0
        length = headers.get("content-length", "0")
        fits = length.isdecimal() and int(length) <= limit
        self.fault: BodyTooLarge | BodyTooSlow | None = None if fits else self._too_large()
        self.answered = False
        self._whole = "transfer-encoding" not in headers and fits and int(length) == 0

    async def receive(self) -> Message:
        """The next message; the time is over only while parts of the body are missing."""
        try:
            async with asyncio.timeout_at(None if self._whole else self._until):
                message = await self._receive()
        except TimeoutError as error:
            self.fault = BodyTooSlow(f"the body took longer than {self._seconds:g} seconds")
            raise _Broken from error
        self._read += len(message.get("body", b""))
        if self._read > self._limit:
            self.fault = self._too_large()
            raise _Broken
        if not message.get("more_body", False):
            self._whole = True
        return message

    async def send(self, message: Message) -> None:
        """Hand a part of the answer on."""
        # What the application says of the broken body is not its own fault to tell.
        if self.fault is not None and not self.answered:
            return
        if message["type"] == "http.response.start" and not self._whole:
            MutableHeaders(scope=message)["Connection"] = "close"
        self.answered = True
        await self._send(message)

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"the body is over {self._limit} bytes")
