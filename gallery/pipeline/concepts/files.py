"""Trained explanation networks as files: safetensors, with what they hang on and how they came about."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load, save

from gallery.config import ConceptSettings
from gallery.errors import ConfigError, StoreError
from gallery.records import ConceptNetwork
from gallery.store.codec import decode, encode
from gallery.store.keys import canonical_json
from gallery.store.store import write_atomic

HEAD = "explanation_network"
"""Key of the file's metadata under which everything but the weights is, as JSON."""


def network_bytes(network: ConceptNetwork, made_by: Mapping[str, Any]) -> bytes:
    """Return a network as a safetensors file; the same network, the same bytes: wall times are left out."""
    record, _ = encode(replace(network, weights={}, seconds=0.0))
    head = canonical_json({"made_by": made_by, "record": record})
    return bytes(save(dict(sorted(network.weights.items())), metadata={HEAD: head}))


def write_network(path: Path, network: ConceptNetwork, made_by: Mapping[str, Any]) -> str:
    """Write a network to a file and return the file's SHA-256 hex.

    Raises:
        StoreError: If it cannot be written.
    """
    content = network_bytes(network, made_by)
    write_atomic(path, content)
    return hashlib.sha256(content).hexdigest()


def read_network(content: bytes, where: str) -> tuple[ConceptNetwork, dict[str, Any]]:
    """Return the network in a file, and what it hangs on.

    Args:
        content: Of the file.
        where: What messages call it.

    Raises:
        ConfigError: If it is no such file.
    """
    try:
        length = int.from_bytes(content[:8], "little")
        head = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][HEAD])
        network = decode(ConceptNetwork, head["record"], {})
        return replace(network, weights=load(content)), dict(head["made_by"])
    except (SafetensorError, StoreError, ValueError, KeyError, TypeError) as error:
        fix = "Make it again with `gallery concepts`."
        raise ConfigError(f"{where}: not a trained explanation network ({error}). {fix}") from error


def trained_networks(
    settings: ConceptSettings, folder: Path
) -> Iterator[tuple[str, ConceptNetwork, dict[str, Any]]]:
    """Yield the networks that a manifest names: the file as written there, network, and what it hangs on.

    Raises:
        ConfigError: If a file is missing, is not the one listed, or holds no network.
    """
    for name, expected in settings.trained.items():
        where = f"concepts.trained.{name!r}"
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            fix = "Correct the path, or make it with `gallery concepts`."
            raise ConfigError(f"{where}: cannot be read ({error.strerror}). {fix}") from error
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            fix = "Restore the file, or correct the digest."
            raise ConfigError(f"{where}: its SHA-256 is {found}, but {expected} is listed. {fix}")
        yield name, *read_network(content, where)
