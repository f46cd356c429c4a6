"""Files of trained networks: only those listed are taken, and those that come along are as their logs say."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gallery.curation.manifest import default_manifest
from gallery.errors import ConfigError
from gallery.pipeline.concepts.files import read_network, trained_networks
from tests.pipeline.concepts.wanted import wanting


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content + b" ", "SHA-256 is"),
        (None, "cannot be read"),
        (lambda _: b"x" * 40, "not a"),
    ],
)
def test_files_that_are_not_those_listed_are_refused(
    change: Callable[[bytes], bytes] | None, message: str, tmp_path: Path
) -> None:
    content = b"1234567"
    listed = hashlib.sha256(content if not message.startswith("not a") else b"x" * 40).hexdigest()
    if change is not None:
        (tmp_path / "a.safetensors").write_bytes(change(content))
    settings = wanting(trained={"a.safetensors": listed}).concepts
    assert settings is not None
    with pytest.raises(ConfigError, match=f"concepts.trained.'a.safetensors': .*{message}"):
        list(trained_networks(settings, tmp_path))


def test_the_networks_that_come_along_are_those_of_their_logs() -> None:
    folder = default_manifest().parent / "concepts"
    files = sorted(folder.glob("*.safetensors"))
    assert sum(file.stat().st_size for file in files) <= 2 * 10**6
    for file in files:
        log = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        content = file.read_bytes()
        assert hashlib.sha256(content).hexdigest() == log["sha256"]
        network, made_by = read_network(content, file.name)
        assert made_by == log["made_by"]
        assert (network.class_name, network.seed) == (log["class"], log["network"]["seed"])
        assert (network.quality.r2_views or 0) > 0.9
    assert len(files) == 2
