"""What a check of this machine found."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        name: Of what was checked.
        status: "warning" means that builds work, but something is missing or slow; "fault" that they do not.
        found: What there is.
        fix: What to do about it; "" if nothing.
    """

    name: str
    status: Status
    found: str
    fix: str = ""
