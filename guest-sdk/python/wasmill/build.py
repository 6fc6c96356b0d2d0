"""Builds a component from a job's file with componentize-py: `python -m wasmill build job.py -o job.wasm`.

The component imports nothing but the host's interfaces. The job's folder and this package are what it may import; what
is imported when the file is loaded is frozen into the component.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ENTRY = "wasmill_component"
PACKAGE = Path(__file__).resolve().parent


class BuildError(Exception):
    """A component that could not be built."""


def compiler() -> str:
    """The path of componentize-py: beside this Python, or on the path."""
    beside = Path(sys.executable).parent / "componentize-py"
    found = str(beside) if beside.exists() else shutil.which("componentize-py")
    if found is None:
        raise BuildError("componentize-py is missing, install it: pip install 'wasmill[build]'")
    return found


def build(job: Path, out: Path, paths: list[Path] | None = None) -> None:
    """Builds the component of the job in a file; `paths` are more folders to import from."""
    if not job.is_file():
        raise BuildError(f"{job}: there is no such file")
    if not job.stem.isidentifier():
        raise BuildError(f"{job}: its name is no module's, use letters, digits and underscores")
    with tempfile.TemporaryDirectory() as scratch:
        staged = Path(scratch)
        skip = shutil.ignore_patterns("__pycache__", "wit", "testing*", "build.py", "__main__.py")
        shutil.copytree(PACKAGE, staged / "wasmill", ignore=skip)
        shutil.copytree(job.resolve().parent, staged / "job", ignore=shutil.ignore_patterns("__pycache__", "*.wasm"))
        entry = f"import wasmill.guest\nimport {job.stem}\nfrom wasmill.guest import *\n"
        name = job.stem.replace("_", "-")
        (staged / f"{ENTRY}.py").write_text(f"{entry}wasmill.guest.NAME = {name!r}\nwasmill.guest.check()\n")
        folders = [staged, staged / "job", *(paths or [])]
        command = [compiler(), "-q", "-d", str(PACKAGE / "wit"), "-w", "complete", "componentize", "--stub-wasi"]
        for folder in folders:
            command += ["-p", str(folder)]
        made = staged / "out.wasm"
        ended = subprocess.run([*command, ENTRY, "-o", str(made)], capture_output=True, text=True, cwd=staged)
        if ended.returncode != 0:
            raise BuildError(f"{job}: componentize-py failed\n{ended.stderr.strip()}")
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made, out)
