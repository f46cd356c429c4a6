"""The command ``doctor``: can this machine build galleries?"""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from gallery.cli.exits import Exit
from gallery.cli.options import HERE, OutPath, SetPath
from gallery.cli.places import manifest_of, workspace_of
from gallery.cli.say import out, plain
from gallery.curation.manifest import load_settings

COLOURS = {"ok": "green", "warning": "yellow", "fault": "red"}


def doctor(
    gallery_set: SetPath = None,
    out_dir: OutPath = HERE,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout instead of text.")
    ] = False,
) -> None:
    """Check this machine: Python, packages, device, dot, fonts, disk, weights; exit code 1 if builds fail."""
    from gallery.operations.doctor import examine

    manifest = manifest_of(gallery_set)
    settings = load_settings(manifest)
    findings = examine(workspace_of(out_dir).out, settings.classifiers, manifest.parent)
    faults = sum(one.status == "fault" for one in findings)
    if as_json:
        out.out(
            json.dumps({"findings": [asdict(one) for one in findings], "faults": faults}), highlight=False
        )
    else:
        for one in findings:
            out.print(f"[{COLOURS[one.status]}]{one.status:8}[/]{plain(one.name)}: {plain(one.found)}")
            if one.fix:
                out.print(f"        fix: {plain(one.fix)}")
        out.print(
            "Builds fail until the faults are put right." if faults else "This machine can build galleries."
        )
    if faults:
        raise typer.Exit(Exit.INCOMPLETE)
