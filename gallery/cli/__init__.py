"""The ``gallery`` command; the only package that prints.

One module per group of commands. Torch is imported only by the commands that explain, inside them, so that
help is fast, and pages are made and manifests checked without it. A new command is a function in one of the
modules and its name in ``COMMANDS``.
"""

import logging
import signal
from typing import Annotated

import typer

from gallery import __version__
from gallery.cli.benching import bench
from gallery.cli.building import build, explain, export, measure
from gallery.cli.curating import add, check, init
from gallery.cli.diagnosing import doctor
from gallery.cli.exits import Terminated, as_epilog
from gallery.cli.friendly import friendly
from gallery.cli.generating import evaluate, train
from gallery.cli.heading import train_head
from gallery.cli.learning import train as train_concepts
from gallery.cli.merging import merge
from gallery.cli.places import STORE_AT
from gallery.cli.publishing import publish, render, serve
from gallery.cli.say import out
from gallery.cli.storing import prune, stats, verify

COMMANDS = (init, add, check, explain, measure, merge, render, publish, build, export, serve, bench, doctor)
"""In the order of ``gallery --help``: that of the data flow, then what looks after it."""
STORE_COMMANDS = (stats, verify, prune)
VAE_COMMANDS = (train, evaluate)
CONCEPT_COMMANDS = (train_concepts,)

app = typer.Typer(
    add_completion=True,
    epilog=as_epilog(),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Build browsable, citable galleries that compare explanations of image classifiers.",
)
for command in COMMANDS:
    app.command()(friendly(command))
store = typer.Typer(no_args_is_help=True, help="Look after stored results: stats, verify, prune.")
for command in STORE_COMMANDS:
    store.command()(friendly(command))
app.add_typer(store, name="store")
vae = typer.Typer(no_args_is_help=True, help="Train and evaluate variational autoencoders: train, evaluate.")
for command in VAE_COMMANDS:
    vae.command()(friendly(command))
app.add_typer(vae, name="vae")
concepts = typer.Typer(no_args_is_help=True, help="Learn concepts for a set's classes: train.")
for command in CONCEPT_COMMANDS:
    concepts.command()(friendly(command))
concepts.callback()(lambda: None)  # a group of one command would take its place
app.add_typer(concepts, name="concepts")
head = typer.Typer(no_args_is_help=True, help="Train interpretable heads (INTR) for your own classes: train.")
head.command("train")(friendly(train_head))
app.add_typer(head, name="head")


def _version(value: bool) -> None:
    if value:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    store: Annotated[
        str | None,
        typer.Option(
            envvar="GALLERY_STORE",
            help='Where results go: an address such as "s3://bucket/folder" (extra "s3"), or a folder; '
            "build/store in --out if left out.",
        ),
    ] = None,
) -> None:
    """Set up what all commands share."""
    token = STORE_AT.set(store or "")
    context.call_on_close(lambda: STORE_AT.reset(token))
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    for noisy in ("timm", "mkdocs", "huggingface_hub"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGTERM, _terminate)
    app()


def _terminate(number: int, frame: object) -> None:
    raise Terminated
