"""/metrics, /healthz and /readyz of a process that serves no other page."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from floodline.errors import ConfigurationError

Check = Callable[[], tuple[bool, str]]


class Endpoint:
    """A small HTTP server in a thread of its own, until `close`."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, daemon=True, name="metrics")
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve(
    host: str, port: int, registry: CollectorRegistry, *, alive: Check, ready: Check
) -> Endpoint:
    """Listen for scrapes and probes.

    Raises:
        ConfigurationError: the address cannot be listened on.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # http.server's own name
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif path in ("/healthz", "/readyz"):
                well, said = alive() if path == "/healthz" else ready()
                self._answer(200 if well else 503, "text/plain; charset=utf-8", said.encode())
            else:
                self._answer(404, "text/plain; charset=utf-8", b"see /metrics, /healthz, /readyz")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Scrapes are not worth a log line each."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise ConfigurationError(
            f"metrics cannot listen on {host}:{port}: {error.strerror}; choose another "
            "metrics_port, or 0 for a free one"
        ) from error
    server.daemon_threads = True
    return Endpoint(server)
