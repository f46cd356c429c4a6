"""The command ``head train``: an interpretable classifier of one's own classes."""

from pathlib import Path
from typing import Annotated

import typer

from gallery.cli.options import Device, Quiet
from gallery.cli.say import err, out, plain
from gallery.pipeline.display import make_reporter


def train_head(
    photos: Annotated[Path, typer.Argument(help="Folder with a sub-folder of photographs for each class.")],
    file: Annotated[Path, typer.Option("--out", help="File to write, *.safetensors.", dir_okay=False)],
    backbone: Annotated[
        str, typer.Option(help="Frozen network whose feature map is attended to: embedded or timm.")
    ] = "embedded:efficientnet_lite0",
    width: Annotated[int, typer.Option(help="Width of queries and keys.")] = 64,
    heads: Annotated[int, typer.Option(help="Attention heads; they divide the width.")] = 4,
    layers: Annotated[int, typer.Option(help="Layers of the decoder.")] = 2,
    epochs: Annotated[int, typer.Option(help="Times every photograph is seen.")] = 60,
    batch: Annotated[int, typer.Option(help="Photographs per step.")] = 16,
    learning_rate: Annotated[float, typer.Option(help="Of AdamW.")] = 1e-3,
    held_out: Annotated[float, typer.Option(help="Share of every class kept back to judge by.")] = 0.25,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, split, order and dropout.")] = 0,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Train an interpretable head (INTR) for your own classes; use it as classifier "intr:FILE"."""
    from gallery.classifier.load import device_of
    from gallery.pipeline.head_training import HeadSettings, labelled
    from gallery.pipeline.head_training import train_head as run

    settings = HeadSettings(
        backbone, width, heads, layers, epochs, batch, learning_rate, held_out, seed
    )  # fmt: skip
    with make_reporter(err, quiet=quiet) as reporter:
        reporter.begin("training", len(labelled(photos)) + epochs)
        head = run(
            photos, file, settings, lambda what: reporter.advance(what, "seen"), device=device_of(device)
        )
    told = head.training
    text = (
        f"{file}: {len(head.classes)} classes; right: {told['right_train']} of {told['n_train']} trained on"
    )
    if told["n_held_out"]:
        text += f", {told['right_held_out']} of {told['n_held_out']} held out"
    out.print(plain(f'{text}. Next: classifiers = ["intr:{file.as_posix()}"]'))
