"""TCP ports on 127.0.0.1."""

import errno
import socket

from demo.local_kafka.properties import HOST
from floodline.errors import ConfigurationError


def free_port() -> int:
    """Return a port that is free at this moment; another process may take it the next."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def require_free(port: int) -> None:
    """Raise ConfigurationError, saying what to do, where `port` cannot be listened on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As Kafka does: a port whose last connections are still winding down is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except (OSError, OverflowError) as error:
            if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
                raise ConfigurationError(
                    f"Port {port} on {HOST} is in use by another program. Stop that program, "
                    "choose another port with --port, or, if it is a Kafka that you want to use, "
                    f"say --bootstrap-servers {HOST}:{port} instead of starting one."
                ) from error
            raise ConfigurationError(
                f"Port {port} on {HOST} cannot be listened on: {error}. "
                "Choose another port with --port."
            ) from error
