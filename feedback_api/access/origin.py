"""Whether a browser sent a request from our own page."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers

from feedback_api.errors import ForeignOrigin

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORT = {"http": 80, "https": 443}


def check_origin(method: str, headers: Headers, *, browser_only: bool) -> None:
    """Return where an unsafe request came from our own page, or safe methods are used.

    Args:
        method: the request's.
        headers: the request's; every browser sends Origin or Sec-Fetch-Site on unsafe methods.
        browser_only: refuse where both are missing, as they never are where a cookie is sent.

    Raises:
        ForeignOrigin: it came from another site, or it cannot be told.
    """
    if method in SAFE_METHODS:
        return
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and not _same(origin, headers.get("host", "")):
        raise ForeignOrigin("the request came from another site's page")
    if site is not None and site not in ("same-origin", "none"):
        raise ForeignOrigin("the request came from another site's page")
    if origin is None and site is None and browser_only:
        raise ForeignOrigin("the request does not say which page it came from")


def _same(origin: str, host: str) -> bool:
    # The scheme is not compared with ours: behind a proxy that ends TLS, a page's is https while
    # we are asked over http. A missing port is that of the origin's scheme, on both sides.
    try:
        split = urlsplit(origin)
    except ValueError:
        return False
    if split.scheme not in _DEFAULT_PORT:
        return False
    default = _DEFAULT_PORT[split.scheme]
    return _with_port(split.netloc, default) == _with_port(host, default)


def _with_port(host: str, default: int) -> str:
    name, colon, port = host.lower().rpartition(":")
    if colon and port.isdigit():
        return f"{name}:{port}"
    return f"{host.lower()}:{default}"
