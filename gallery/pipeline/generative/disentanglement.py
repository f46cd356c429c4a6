"""Disentanglement measured elsewhere: the file of ``make bench-vae``, checked before any number is shown.

Means and intervals are computed here from the runs; what the file says of them is not used.
"""

import json
import math
from collections.abc import Sequence
from importlib import import_module
from statistics import fmean, stdev
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from gallery.config import Section
from gallery.errors import ConfigError
from gallery.records import Disentanglement, DisentanglementRun, SeedInterval

Share = Annotated[float, Field(ge=0, le=1)]
N_FAMILIES = 2


class _Run(Section):
    """One training; the table of votes is not shown."""

    family: str = Field(min_length=1)
    seed: int = Field(ge=0)
    accuracy: Share
    training_accuracy: Share
    n_active: int = Field(ge=0)
    table: list[list[int]]


class _Document(Section, extra="ignore"):
    """The file: runs, and what made them."""

    steps: int = Field(ge=1)
    runs: list[_Run] = Field(min_length=N_FAMILIES)
    settings: dict[str, dict[str, Any]]
    n_votes: int = Field(ge=1)
    torch: str = Field(min_length=1)
    device: str = Field(min_length=1)

    @property
    def families(self) -> list[str]:
        """The families, in the order of the file."""
        return list(dict.fromkeys(run.family for run in self.runs))

    @model_validator(mode="after")
    def _runs_are_pairs(self) -> "_Document":
        families = self.families
        if len(families) != N_FAMILIES:
            raise ValueError(f"runs: {N_FAMILIES} families are compared; these are {', '.join(families)}")
        first, second = (sorted(run.seed for run in self.runs if run.family == name) for name in families)
        if first != second or len(set(first)) != len(first):
            raise ValueError("runs: both families need the same seeds, each once")
        if set(self.settings) != set(families):
            raise ValueError("settings: needs those of both families, and no others")
        wrong = [name for name, given in self.settings.items() if given.get("steps") != self.steps]
        if wrong:
            raise ValueError(f"settings.{wrong[0]}.steps differs from steps")
        return self


def read_disentanglement(content: bytes, name: str, sha256: str) -> Disentanglement:
    """Return the results in a file.

    Args:
        content: Of the file.
        name: As the manifest names it.
        sha256: Of the file.

    Raises:
        ConfigError: If it does not hold what ``make bench-vae`` writes; says what is wrong.
    """
    try:
        found = _Document.model_validate(json.loads(content))
    except ValidationError as error:
        one = error.errors()[0]
        at = ".".join(map(str, one["loc"]))
        raise _refused(name, f"{at}: {one['msg']}" if at else one["msg"]) from error
    except ValueError as error:
        raise _refused(name, str(error)) from error
    first, second = found.families
    runs = {
        family: sorted((run for run in found.runs if run.family == family), key=lambda run: run.seed)
        for family in (first, second)
    }
    pairs = zip(runs[first], runs[second], strict=True)
    return Disentanglement(
        file=name,
        sha256=sha256,
        steps=found.steps,
        families=(first, second),
        runs=tuple(
            DisentanglementRun(r.family, r.seed, r.accuracy, r.training_accuracy, r.n_active)
            for family in (first, second)
            for r in runs[family]
        ),
        accuracy={family: interval([run.accuracy for run in mine]) for family, mine in runs.items()},
        difference=interval([b.accuracy - a.accuracy for a, b in pairs]),
        settings={family: _without_seed(found.settings[family]) for family in (first, second)},
        n_votes=found.n_votes,
        torch=found.torch,
        device=found.device,
    )


def interval(values: Sequence[float]) -> SeedInterval:
    """Return mean and 95 % limits by Student's t; no limits for fewer than two values."""
    n, mean = len(values), fmean(values)
    if n < 2:
        return SeedInterval(mean, None, None)
    quantile = float(import_module("scipy.stats").t.ppf(0.975, n - 1))  # slow to import
    half = quantile * stdev(values) / math.sqrt(n)
    return SeedInterval(mean, mean - half, mean + half)


def _without_seed(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings flat, weights of the loss among them."""
    flat = {name: value for name, value in settings.items() if name not in {"seed", "weights"}}
    return flat | dict(settings.get("weights", {}))


def _refused(name: str, reason: str) -> ConfigError:
    fix = "Measure again with `make bench-vae`, and list the new digest."
    return ConfigError(f"vae.results.{name!r}: {reason}. {fix}")
