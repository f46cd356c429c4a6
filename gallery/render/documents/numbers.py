"""How numbers and values are written into documents."""

import json


def number(x: float) -> float:
    """Return ``x`` with nine significant digits: all of a float32 and no noise behind it."""
    return float(f"{x:.9g}")


def json_bytes(value: object) -> bytes:
    """Return readable JSON, UTF-8, one newline at the end."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
