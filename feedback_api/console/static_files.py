"""GET /static/{name}: styles, keys and icon; each address changes with its content."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from fastapi import APIRouter, Response

from feedback_api.access.rules import PUBLIC
from floodline.errors import NotFound

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class StaticFile:
    """A file as it is served."""

    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        """What its address changes with."""
        return hashlib.sha256(self.content).hexdigest()[:12]


def read_static() -> dict[str, StaticFile]:
    """Every file that is served, by name."""
    found = {}
    for file in files("feedback_api").joinpath("static").iterdir():
        suffix = f".{file.name.rpartition('.')[2]}"
        if suffix in _TYPES:
            found[file.name] = StaticFile(file.read_bytes(), _TYPES[suffix])
    return found


def urls(served: dict[str, StaticFile]) -> dict[str, str]:
    """The address of each file, by name."""
    return {name: f"/static/{name}?v={file.digest}" for name, file in served.items()}


def add_to(router: APIRouter, served: dict[str, StaticFile]) -> None:
    """Add the route."""

    @router.get("/static/{name}", dependencies=PUBLIC, response_model=None)
    def read_static_file(name: str) -> Response:
        """One file."""
        file = served.get(name)
        if file is None:
            raise NotFound("there is no such file")
        headers = {"Cache-Control": "public, max-age=86400", "ETag": f'"{file.digest}"'}
        return Response(file.content, media_type=file.media_type, headers=headers)
