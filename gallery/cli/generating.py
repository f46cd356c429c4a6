"""Commands for generative models: ``vae train``, ``vae evaluate``."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gallery.cli.options import Device, Quiet
from gallery.cli.running import json_line
from gallery.cli.say import err, out, plain
from gallery.cli.tables import table_of
from gallery.pipeline.display import make_reporter
from gallery.store.store import write_atomic

if TYPE_CHECKING:
    from gallery.generative.assess import Trained

SCORES = "scores.json"
Folder = Annotated[
    Path, typer.Option("--out", help="Folder of the model; training goes on there.", file_okay=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout instead of a table.")]


def train(
    folder: Folder,
    data: Annotated[
        str,
        typer.Option(
            help='"textures:brick", "digits:3", "mvtec:FOLDER", "ucsd_ped1:FOLDER" or "dsprites:[FILE]".'
        ),
    ] = "textures:brick",
    family: Annotated[str, typer.Option(help="vae, beta_vae, factor_vae or ad_factor_vae.")] = "vae",
    beta: Annotated[float | None, typer.Option(help="Weight of the KL divergence (beta_vae).")] = None,
    gamma: Annotated[float | None, typer.Option(help="Weight of the total correlation.")] = None,
    attention: Annotated[
        float | None, typer.Option(help="Weight of the attention loss (ad_factor_vae).")
    ] = None,
    size: Annotated[int, typer.Option(help="Side of the pictures, px: 16, 32, 64, 128 or 256.")] = 64,
    latents: Annotated[int, typer.Option(help="Number of latents.")] = 16,
    width: Annotated[int, typer.Option(help="Channels of the first convolutions.")] = 32,
    likelihood: Annotated[str, typer.Option(help="bernoulli or gaussian.")] = "bernoulli",
    layer: Annotated[int, typer.Option(help="Convolution whose maps attention uses, from 0.")] = 1,
    discriminator_width: Annotated[
        int, typer.Option(help="Units per hidden layer of the discriminator.")
    ] = 1000,
    batch: Annotated[int, typer.Option(help="Pictures per step.")] = 64,
    steps: Annotated[int, typer.Option(help="Steps in all; may be raised later to go on.")] = 2000,
    learning_rate: Annotated[float, typer.Option(help="Of Adam, for the autoencoder.")] = 1e-3,
    discriminator_rate: Annotated[float, typer.Option(help="Of Adam, for the discriminator.")] = 1e-4,
    seed: Annotated[int, typer.Option(help="Of weights, pictures and noise.")] = 0,
    save_every: Annotated[int, typer.Option(min=1, help="Steps between checkpoints.")] = 500,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew whatever is in the folder.")] = False,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Train a variational autoencoder; run again to go on where it stopped.

    The last lines are for the manifest of a set whose pages shall show it.
    """
    from gallery.classifier.load import device_of
    from gallery.generative.data import load
    from gallery.generative.families import weights_of
    from gallery.generative.settings import TrainSettings
    from gallery.generative.train import MODEL, Trainer
    from gallery.generative.train import train as run

    settings = TrainSettings(
        data=data, family=family, size=size, latents=latents, width=width, likelihood=likelihood,
        weights=weights_of(family, {"beta": beta, "gamma": gamma, "attention": attention}), batch=batch,
        attention_layer=layer, discriminator_width=discriminator_width, steps=steps,
        learning_rate=learning_rate, discriminator_rate=discriminator_rate, seed=seed,
    )  # fmt: skip
    trainer = Trainer(settings, load(data, size).train, device_of(device))
    with make_reporter(err, quiet=quiet) as reporter:
        begun = False

        def tell(step: int, losses: Mapping[str, float]) -> None:
            nonlocal begun
            if not begun:
                reporter.begin("training", steps - step + 1)
                begun = True
            reporter.advance(f"step {step}", f"loss {losses['total']:.1f}")

        run(trainer, folder, tell, save_every=save_every, restart=restart)
    out.print(plain(f"{folder / MODEL}: {family} on {data}, {steps} steps, seed {seed}"))
    out.print(plain("[vae.trained]"))
    out.print(plain(f'"{MODEL}" = "{sha256((folder / MODEL).read_bytes()).hexdigest()}"'))


def evaluate(
    folder: Folder,
    seed: Annotated[int, typer.Option(min=0, help="Of samples and votes.")] = 0,
    layer: Annotated[
        int | None,
        typer.Option(help="Convolution whose maps are used, from 0; that of training if left out."),
    ] = None,
    votes: Annotated[
        int, typer.Option(min=1, help="For disentanglement: votes, and as many to check.")
    ] = 800,
    device: Device = "auto",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Score a trained model: where its data have anomalies, their maps; with known factors, its latents."""
    from gallery.classifier.load import device_of
    from gallery.generative.assess import open_trained

    trained = open_trained(folder, device=device_of(device), seed=seed, layer=layer)
    if trained.data.test is None:
        scores = _disentangled(trained, votes, seed)
    else:
        scores = _localised(trained, quiet=quiet or as_json)
    content = {
        "data": trained.data.title,
        "origin": trained.data.origin,
        "settings": trained.head.settings.as_json(),
        "steps": trained.head.step,
        "seed": seed,
        "layer": trained.subject.layer,
        **scores,
    }
    write_atomic(folder / SCORES, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
    if as_json:
        json_line(content)
    elif "localisation" in scores:
        _show_localisation(trained.data.title, scores["localisation"])
    else:
        _show_vote(trained.data.title, scores["disentanglement"])


def _localised(trained: "Trained", *, quiet: bool) -> dict[str, Any]:
    from gallery.generative.assess import localise
    from gallery.generative.localise import LOCALISERS

    with make_reporter(err, quiet=quiet) as reporter:
        reporter.begin("anomaly maps", len(LOCALISERS))
        scores = localise(trained, lambda method: reporter.advance(method, "scored"))
    return {"localisation": {method: asdict(score) for method, score in scores.items()}}


def _disentangled(trained: "Trained", n_votes: int, seed: int) -> dict[str, Any]:
    from gallery.generative.assess import disentangle
    from gallery.generative.votes import Voting

    vote = disentangle(trained, Voting(n_votes=n_votes, seed=seed))
    return {"disentanglement": {**asdict(vote), "table": vote.table.tolist(), "n_votes": n_votes}}


def _show_localisation(title: str, scores: Mapping[str, Mapping[str, float | None]]) -> None:
    columns = ("method", "pixel AUROC", "IoU", "optimistic IoU", "image AUROC")
    keys = ("pixel_auroc", "iou", "optimistic_iou", "image_auroc")
    rows = [(method, *(_number(one[key]) for key in keys)) for method, one in scores.items()]
    out.print(table_of(title, columns, rows))
    out.print(
        "Higher is better. IoU: threshold chosen on validation; optimistic IoU: on the test masks themselves."
    )


def _show_vote(title: str, vote: Mapping[str, Any]) -> None:
    out.print(
        plain(
            f"{title}: majority vote {vote['accuracy']:.3f} on {vote['n_votes']} further votes "
            f"({vote['training_accuracy']:.3f} on those it was made from), {vote['n_active']} active latents"
        )
    )


def _number(value: float | None) -> str:
    return "no masks" if value is None else f"{value:.3f}"
