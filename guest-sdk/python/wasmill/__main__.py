"""The command line: `python -m wasmill build JOB.py [-o OUT.wasm] [--path FOLDER]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .build import BuildError, build


def main() -> int:
    """Runs a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m wasmill", description="Builds jobs for Wasmill.")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("build", help="build the component of a job")
    command.add_argument("job", type=Path, help="the file with the function marked with @wasmill.job")
    command.add_argument("-o", "--output", type=Path, help="the component; otherwise beside the job")
    command.add_argument("--path", type=Path, action="append", default=[], help="one more folder to import from")
    arguments = parser.parse_args()
    out = arguments.output or arguments.job.with_suffix(".wasm")
    try:
        build(arguments.job, out, arguments.path)
    except BuildError as error:
        print(f"wasmill: {error}", file=sys.stderr)
        return 1
    print(out)
    return 0


sys.exit(main())
