"""Commands that look after a store: ``store stats``, ``store verify``, ``store prune``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gallery.cli.exits import Exit
from gallery.cli.options import HERE, Device, OutPath
from gallery.cli.places import job_of, workspace_of
from gallery.cli.running import json_line
from gallery.cli.say import err, out, plain
from gallery.cli.tables import size_text, table_of
from gallery.errors import StoreError
from gallery.operations.upkeep import Share, by_kind, damaged, leftovers, of_folder
from gallery.operations.upkeep import prune as prune_store
from gallery.pipeline.workspace import Workspace

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout instead of text.")]


def stats(out_dir: OutPath = HERE, as_json: AsJson = False) -> None:
    """Count what is stored, by kind, and what figures, pages and site take."""
    workspace = _existing(out_dir)
    kinds = by_kind(workspace.store)
    folders = {
        "figures": workspace.figures, "pages": workspace.pages, "archives": workspace.archives,
        "logs": workspace.logs, "site": workspace.site,
    }  # fmt: skip
    others = {name: of_folder(folder) for name, folder in folders.items() if folder.is_dir()}
    if as_json:
        shares = {"store": kinds, "other": others}
        json_line({name: {k: asdict(v) for k, v in share.items()} for name, share in shares.items()})
        return
    out.print(table_of("Results", ("kind", "results", "size"), [*_rows(kinds), _total("in all", kinds)]))
    out.print(table_of("Everything else", ("folder", "files", "size"), _rows(others)))


def verify(out_dir: OutPath = HERE, as_json: AsJson = False) -> None:
    """Check every stored result against its checksums; exit code 1 if any is damaged."""
    store = _existing(out_dir).store
    looked_at: list[Path] = []
    found = [(store.where(path), reason) for path, reason in damaged(store, looked_at.append)]
    rest = [store.where(path) for path in leftovers(store)]
    if as_json:
        bad = [{"file": file, "reason": reason} for file, reason in found]
        json_line({"checked": len(looked_at), "damaged": bad, "leftovers": rest})
    else:
        for file, reason in found:
            err.print(f"[red]damaged[/] {plain(file)}: {plain(reason)}")
        for file in rest:
            err.print(f"left over {plain(file)}")
        out.print(f"{len(looked_at)} results checked, {len(found)} damaged, {len(rest)} files left over")
        if found:
            err.print("The next build computes what is damaged again; nothing else has to be done.")
    if found:
        raise typer.Exit(Exit.INCOMPLETE)


def prune(
    sets: Annotated[list[Path], typer.Argument(metavar="SET...", help="Manifests whose results stay.")],
    out_dir: OutPath = HERE,
    device: Device = "cpu",
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove it; without this, only say what would go.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove results that none of the given sets needs; says what would go unless --yes is given."""
    from gallery.operations.keep import Keep
    from gallery.operations.needs import keep_of
    from gallery.pipeline.display import make_reporter

    workspace = _existing(out_dir)
    reporter = make_reporter(err, quiet=as_json)
    if workspace.store_at and yes:
        err.print("Only --out is locked: let no other machine write to this store meanwhile.")
    with workspace.writing("gallery store prune"):
        keep = Keep.all_of([keep_of(job_of(path, out_dir, device), reporter) for path in sets])
        done = prune_store(workspace.store, keep, remove=yes)
    if as_json:
        json_line({"removed": yes, **asdict(done)})
        return
    title = "Removed" if yes else "Would be removed"
    rows = [
        *_rows(done.removed),
        ("left-over files", f"{done.leftovers.n:,}", size_text(done.leftovers.n_bytes)),
    ]
    out.print(table_of(title, ("kind", "results", "size"), [*rows, _total("kept", done.kept)]))
    if not yes and (done.removed or done.leftovers.n):
        out.print("Nothing was removed. Run the same command with --yes to do so.")


def _existing(out_dir: Path) -> Workspace:
    """Return the workspace of an output folder that holds a store.

    Raises:
        StoreError: If there is none.
    """
    workspace = workspace_of(out_dir)
    if not workspace.store_at and not workspace.store.root.is_dir():
        raise StoreError(
            f"{workspace.store.root}: no store here. Name the output folder of a build with --out."
        )
    return workspace


def _rows(shares: dict[str, Share]) -> list[tuple[str, str, str]]:
    return [(name, f"{one.n:,}", size_text(one.n_bytes)) for name, one in sorted(shares.items())]


def _total(name: str, shares: dict[str, Share]) -> tuple[str, str, str]:
    n_bytes = sum(one.n_bytes for one in shares.values())
    return name, f"{sum(one.n for one in shares.values()):,}", size_text(n_bytes)
