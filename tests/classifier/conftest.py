"""Fixtures of the classifier tests: a hub that hands out bytes from memory, or none at all."""

import io
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request

import huggingface_hub
import pytest
import torch

from gallery.classifier import _download


class Response(io.BytesIO):
    """What ``urlopen`` returns: bytes, and headers announcing their number."""

    def __init__(self, content: bytes, announced: int) -> None:
        super().__init__(content)
        self.headers = Message()
        self.headers["Content-Length"] = str(announced)


class Hub:
    """Stands in for the web: URL -> bytes; everything else is unreachable."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.announced: int | None = None
        self.asked: list[str] = []

    def urlopen(self, request: Request, timeout: float) -> Response:
        """Answer as ``urllib.request.urlopen`` does."""
        assert timeout > 0
        self.asked.append(request.full_url)
        if request.full_url not in self.files:
            raise URLError("Name or service not known")
        content = self.files[request.full_url]
        return Response(content, len(content) if self.announced is None else self.announced)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """An empty web, and empty caches under ``tmp_path / "hub"``."""
    web = Hub()
    before = torch.hub.get_dir()
    torch.hub.set_dir(tmp_path / "hub")
    monkeypatch.setattr(_download, "urlopen", web.urlopen)
    nothing: Callable[..., None] = lambda *_, **__: None  # noqa: E731
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", nothing)
    yield web
    torch.hub.set_dir(before)
