"""The documents that a component gives, and the one job of it."""

from __future__ import annotations

import json
from typing import Any

from .env import Env, Job
from .errors import WasmillError

VERSION = "0.1.0"

_jobs: list[Job] = []


def job(function: Job) -> Job:
    """Makes a function the job of the component. There is one in a file."""
    _jobs.append(function)
    return function


def the_job() -> Job:
    """The job function of the component."""
    if len(_jobs) != 1:
        raise WasmillError(f"a component has one function marked with @wasmill.job, this one has {len(_jobs)}")
    return _jobs[0]


def describe(name: str, job: Job) -> str:
    """The `manifest` document."""
    env = Env([], describing=True)
    try:
        job(env)
        operators = env.graph.operators()
    except Exception:
        # A job that refuses its defaults still has parameters to show.
        operators = []
    document = {
        "version": 1,
        "name": name,
        "sdk": {"language": "python", "name": "wasmill", "version": VERSION},
        "parameters": [_parameter(parameter) for parameter in env.parameters.values()],
        "operators": operators,
    }
    return json.dumps(document)


def _parameter(parameter: Any) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "type": parameter.type_name,
        "default": parameter.default,
        "description": parameter.describe,
    }


def plan(name: str, job: Job, arguments: list[tuple[str, str]]) -> str:
    """The `plan` document of the job with these arguments."""
    env = Env.run(job, arguments)
    env.check_arguments()
    return json.dumps(env.graph.plan(name))
