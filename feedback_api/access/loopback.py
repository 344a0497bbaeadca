"""Whether an address is reached from this machine only."""

import ipaddress
import socket

from floodline.errors import ConfigurationError


def is_loopback(host: str) -> bool:
    """Whether every address behind a name is a loopback one; an unknown name is not."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(ipaddress.ip_address(each[4][0]).is_loopback for each in found)


def require_loopback_without_keys(auth: str, host: str) -> None:
    """Return where keys are asked for, or only this machine can reach the server.

    Raises:
        ConfigurationError: `auth` is `none` on an address that others can reach.
    """
    if auth == "none" and not is_loopback(host):
        raise ConfigurationError(
            f'api.auth = "none" on api.host = {host!r}, which others can reach: anybody could '
            'label. Set api.host = "127.0.0.1", or api.auth = "keys" and make keys with '
            "`floodline keys create`"
        )
