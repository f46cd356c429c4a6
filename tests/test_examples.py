"""The example scripts, run with stand-ins for the scheduler and for the program."""

import os
import subprocess
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SBATCH = """\
#!/bin/bash
echo "sbatch $*" >> "$LOG"
if [[ "$*" == *--array=1-* ]]; then
    for i in $(seq "$N_SHARDS"); do SLURM_JOB_ID=7 SLURM_ARRAY_TASK_ID=$i bash "${@: -3}"; done
    echo 7
else
    SLURM_JOB_ID=8 bash "${@: -3}"
fi
"""
GALLERY = """\
#!/bin/bash
echo "gallery $*" >> "$LOG"
if [[ $1 == "$FAILS" ]]; then exit "$CODE"; fi
"""


def run(folder: Path, *, fails: str = "", code: int = 0) -> tuple[int, list[str]]:
    """Run the SLURM example in ``folder``; return its exit code and the commands it gave."""
    for name, text in (("sbatch", SBATCH), ("gallery", GALLERY)):
        file = folder / name
        file.write_text(text)
        file.chmod(0o755)
    changes = {"N_SHARDS": "3", "LOG": str(folder / "log"), "FAILS": fails, "CODE": str(code)}
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", str(EXAMPLES / "slurm.sh"), "my set/gallery.toml", "out"],
        env={**os.environ, **changes, "PATH": path},
        check=False,
        stdout=subprocess.DEVNULL,
    )
    return done.returncode, (folder / "log").read_text().splitlines()


def test_the_slurm_script_explains_every_shard_and_then_merges(tmp_path: Path) -> None:
    code, commands = run(tmp_path)
    assert code == 0
    assert [command for command in commands if command.startswith("gallery")] == [
        "gallery measure my set/gallery.toml --out out --shard 1/3",
        "gallery measure my set/gallery.toml --out out --shard 2/3",
        "gallery measure my set/gallery.toml --out out --shard 3/3",
        "gallery merge --set my set/gallery.toml --out out",
        "gallery render my set/gallery.toml --out out",
        "gallery publish my set/gallery.toml --out out",
    ]
    assert "--dependency=afterany:7" in next(c for c in commands if "gallery-merge" in c)


@pytest.mark.parametrize(("code", "is_rendered"), [(1, True), (2, False)])
def test_images_that_failed_do_not_keep_the_site_from_being_made(
    tmp_path: Path, code: int, is_rendered: bool
) -> None:
    ended, commands = run(tmp_path, fails="merge", code=code)
    assert any("gallery render" in command for command in commands) is is_rendered
    assert (ended == 0) is is_rendered
