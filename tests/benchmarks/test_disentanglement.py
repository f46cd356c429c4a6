"""The comparison of FactorVAE and AD-FactorVAE: pairs of seeds, intervals, sources of published figures."""

import argparse
from pathlib import Path
from typing import Any

import pytest

from gallery.render.pages.generative.published import REPORTED
from tests.benchmarks import disentanglement
from tests.benchmarks.disentanglement import FAMILIES, interval, measure


def test_intervals_are_students() -> None:
    made = interval([1.0, 2.0, 3.0])
    assert made["mean"] == 2
    assert made["high"] == pytest.approx(2 + 4.302653 / 3**0.5, abs=1e-5)
    assert interval([0.5]) == {"mean": 0.5, "low": None, "high": None}


def test_families_are_compared_seed_by_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    accuracies = {"factor_vae": (0.5, 0.6, 0.7), "ad_factor_vae": (0.6, 0.6, 0.9)}

    def run(family: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
        return {"family": family, "seed": seed, "accuracy": accuracies[family][seed]}

    monkeypatch.setattr(disentanglement, "run", run)
    options = {"attention": 2.0, "layer": 1, "discriminator_width": 8, "rate": 1e-4, "votes": 800}
    made: dict[str, Any] = measure(
        argparse.Namespace(folder=Path(), seeds=3, steps=3000, device="cpu", **options)
    )
    assert [(r["seed"], r["family"]) for r in made["runs"]] == [(s, f) for s in range(3) for f in FAMILIES]
    assert made["difference"]["mean"] == pytest.approx(0.1)
    assert made["share_of_the_papers_steps"] == 0.01
    assert {name: s["weights"]["attention"] for name, s in made["settings"].items()} == {
        "factor_vae": 0.0, "ad_factor_vae": 2.0,
    }  # fmt: skip
    assert len(made["published"]) == len(REPORTED)
    assert all(table["source"] and table["rows"] for table in made["published"])
