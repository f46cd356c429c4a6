"""Names for results: a result is found by what made it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical_json(value: object) -> str:
    """Return ``value`` as JSON with sorted keys and no spaces; the same value always gives the same text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def result_key(kind: str, made_by: Mapping[str, Any]) -> str:
    """Return the SHA-256 hex under which a result is stored.

    Args:
        kind: Such as "heatmap" or "search".
        made_by: Everything the result depends on and nothing else, as plain JSON values.
    """
    return hashlib.sha256(canonical_json({"kind": kind, "made_by": made_by}).encode()).hexdigest()
