"""Downloads: complete and correct, or not there at all."""

import hashlib
from pathlib import Path

import pytest

from gallery.classifier._download import fetch, hash_prefix
from gallery.errors import ClassifierError
from tests.classifier.conftest import Hub

CONTENT = b"weights" * 100_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()[:8]
NAME = f"net-{DIGEST}.pth"
URL = f"https://example.org/{NAME}"


def test_hash_prefix() -> None:
    assert hash_prefix("resnet18-f37072fd.pth") == "f37072fd"
    assert hash_prefix("model.safetensors") == ""


def test_arrives_whole(hub: Hub, tmp_path: Path) -> None:
    hub.files[URL] = CONTENT
    target = fetch(URL, tmp_path / "new" / NAME, None)
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == [NAME]


@pytest.mark.parametrize("fault", ["hash", "length"])
def test_a_faulty_download_leaves_nothing(hub: Hub, tmp_path: Path, fault: str) -> None:
    hub.files[URL] = CONTENT if fault == "length" else b"a page saying: log in first"
    hub.announced = len(CONTENT) + 5 if fault == "length" else None
    message = {"hash": "what came is not it", "length": "the connection broke after 700000 of 700005 bytes"}
    with pytest.raises(ClassifierError, match=message[fault]):
        fetch(URL, tmp_path / NAME, None)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_cached_file_is_named(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"half a file")
    with pytest.raises(ClassifierError, match=f"{NAME}: damaged .* Delete it"):
        fetch(URL, tmp_path / NAME, None)
    assert hub.asked == []


def test_interrupted_by_the_progress_display_leaves_nothing(hub: Hub, tmp_path: Path) -> None:
    def stop(_name: str, _done: int, _size: int) -> None:
        raise KeyboardInterrupt

    hub.files[URL] = CONTENT
    with pytest.raises(KeyboardInterrupt):
        fetch(URL, tmp_path / NAME, stop)
    assert list(tmp_path.iterdir()) == []


def test_only_https(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="https only"):
        fetch(URL.replace("https", "http"), tmp_path / NAME, None)
    assert hub.asked == []
