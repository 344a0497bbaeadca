"""A bucket that speaks S3: how it is reached, for how long, and what its errors mean."""

import errno
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import fsspec

from floodline.errors import ConfigurationError
from floodline.storage.object_place import ObjectPlace
from floodline.storage.place import PlaceClosed

_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/\s?#\\]+)*/?\Z")
_OPTIONS = {"endpoint_url", "key", "secret", "token", "region", "addressing_style"}
_TIMEOUT = "timeout_seconds"
_TIMEOUT_SECONDS = 30.0
_CONNECT_SECONDS = 5.0
_ATTEMPTS = 3
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}
_PASSING = {408, 409, 425, 429}
_ADVICE = "check store.options, the rights in the bucket, and the way to it"

Result = TypeVar("Result")


def bucket_place(url: str, options: Mapping[str, str]) -> ObjectPlace:
    """The objects at `s3://bucket/prefix`; nothing is connected to yet.

    Args:
        url: of bucket and prefix.
        options: `endpoint_url`, `key`, `secret`, `token`, `region`, `addressing_style` and
            `timeout_seconds`, in which a call is answered or given up. Without key, botocore
            looks for credentials where every tool of AWS does.

    Raises:
        ConfigurationError: the URL or an option does not fit, or the extra `s3` is missing.
    """
    if not _BUCKET.match(url):
        raise ConfigurationError(
            f"store.folder {url!r}: write s3://bucket/prefix, with a bucket's name of 3 to 63 "
            "small letters, digits, dots and hyphens"
        )
    unknown = sorted(set(options) - _OPTIONS - {_TIMEOUT})
    if unknown:
        raise ConfigurationError(
            f"store.options: {', '.join(unknown)}: not an option of a bucket, which has "
            + ", ".join(sorted({*_OPTIONS, _TIMEOUT}))
        )
    if ("key" in options) != ("secret" in options):
        raise ConfigurationError("store.options: key and secret are given together, or neither")
    timeout = float(options.get(_TIMEOUT, _TIMEOUT_SECONDS))
    return ObjectPlace(_files(options, timeout), url, _ADVICE, _Calls(timeout))


def _files(options: Mapping[str, str], timeout: float) -> Any:
    config: dict[str, Any] = {
        "connect_timeout": min(_CONNECT_SECONDS, timeout),
        "read_timeout": timeout,
        "retries": {"total_max_attempts": _ATTEMPTS, "mode": "standard"},
        # A state is proven by its sha256; some servers refuse the checksums of newer clients.
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
    if "addressing_style" in options:
        config["s3"] = {"addressing_style": options["addressing_style"]}
    given = {
        name: options[name]
        for name in ("endpoint_url", "key", "secret", "token")
        if name in options
    }
    region = {"region_name": options["region"]} if "region" in options else {}
    try:
        files = fsspec.filesystem(
            "s3",
            **given,
            client_kwargs=region,
            config_kwargs=config,
            use_listings_cache=False,
            skip_instance_cache=True,
        )
    except ImportError as error:
        raise ConfigurationError(
            "store.folder s3://...: s3fs is not installed; install floodline with its extra s3"
        ) from error
    files.retries = 1  # botocore's are bounded already
    return files


class _Calls:
    """Calls of s3fs: each ends within the timeout, and raises nothing but OSError."""

    def __init__(self, timeout: float) -> None:
        # They are there: s3fs was loaded. Without the extra they are not.
        from aiohttp import ClientError as HttpError
        from botocore.exceptions import (
            BotoCoreError,
            NoCredentialsError,
            NoRegionError,
            ParamValidationError,
            PartialCredentialsError,
            ProfileNotFound,
        )
        from botocore.parsers import ResponseParserError

        self._timeout = timeout
        self._foreign = (BotoCoreError, ResponseParserError, HttpError)
        self._ours = (
            NoCredentialsError,
            NoRegionError,
            ParamValidationError,
            PartialCredentialsError,
            ProfileNotFound,
            ValueError,  # of an endpoint that is no URL
        )

    def __call__(self, call: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
        try:
            return call(*arguments, **named, timeout=self._timeout)
        except TimeoutError as error:
            raise TimeoutError(errno.ETIMEDOUT, f"no answer within {self._timeout:g} s") from error
        except OSError as error:
            raise _meaning(error) from error
        except self._ours as error:
            raise PlaceClosed(errno.EINVAL, str(error)) from error
        except self._foreign as error:
            raise ConnectionError(errno.EIO, str(error)) from error


def _meaning(error: OSError) -> OSError:
    """What the server's answer, which s3fs made an OSError of, says about the bucket."""
    said = getattr(error.__cause__, "response", {})
    code = said.get("Error", {}).get("Code", "")
    status = said.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    text = error.strerror or str(error)
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(errno.ENOENT, text if said else "there is no such object")
    if isinstance(error, FileExistsError) or code in _TAKEN:
        return FileExistsError(errno.EEXIST, text)
    if error.errno == errno.ENOSYS:
        return OSError(errno.ENOSYS, text)
    if isinstance(error, PermissionError) or (300 <= status < 500 and status not in _PASSING):
        return PlaceClosed(errno.EACCES, f"{code}: {text}" if code else text)
    return ConnectionError(errno.EIO, text)
