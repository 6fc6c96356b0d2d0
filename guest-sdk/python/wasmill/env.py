"""`Env`: what a job function builds its job with, and the parameters it asks for.

A job function must be a function of its parameters alone: it runs when the job is described, planned, and opened in
every task, and must build the same graph each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from .connector import Connector
from .context import OpenContext
from .errors import GraphError, ParameterError
from .graph import Graph, Node, Output
from .logic import Source
from .source import source_node
from .stream import Stream
from .types import type_of

#: A job function.
Job = Callable[["Env"], None]
#: Names of parameters that belong to open ports of components.
RESERVED = "input."

_TYPES = {str: "string", int: "long", float: "double", bool: "boolean"}
_BOOLEANS = {"true": True, "false": False}


@dataclass
class Parameter:
    """A parameter that the job has asked for."""

    name: str
    type_name: str
    default: Any
    describe: str
    #: What holds: the user's or the default, as text.
    text: str


class Env:
    """The job under construction."""

    def __init__(self, arguments: list[tuple[str, str]], describing: bool = False) -> None:
        """If the job is only described, missing parameters get the empty value of their type."""
        self.graph = Graph()
        self._arguments = dict(arguments)
        self._describing = describing
        self.parameters: dict[str, Parameter] = {}

    @staticmethod
    def run(job: Job, arguments: list[tuple[str, str]]) -> Env:
        """Runs a job function with arguments."""
        env = Env(arguments)
        job(env)
        return env

    def name(self, name: str) -> None:
        """Names the job. Otherwise it is named as its file."""
        self.graph.name = name

    def max_parallelism(self, key_groups: int) -> None:
        """Sets the number of key groups, which bounds the parallelism of the job for good."""
        self.graph.max_parallelism = key_groups

    def param(self, name: str, type: type | None = None, *, default: Any = None, describe: str = "") -> Any:
        """The value of a parameter, which the user sets with `--param NAME=VALUE`. It is a `str`, `int`, `float` or
        `bool`: `type`, or the type of `default`. Without a default the user must give one."""
        kind = type or default.__class__
        if kind not in _TYPES:
            raise ParameterError(f"parameter {name}: give its type (str, int, float or bool) or a default")
        given = self._arguments.get(name)
        if given is not None:
            value = _parse(name, kind, given)
        elif default is not None or self._describing:
            value = kind() if default is None else default
        else:
            raise ParameterError(f"parameter {name}: it is missing, give a {_TYPES[kind]}")
        text = given if given is not None else "" if default is None else _show(default)
        self.parameters.setdefault(name, Parameter(name, _TYPES[kind], default, describe, text))
        return value

    def values(self) -> dict[str, str]:
        """The parameters with the values that hold, as text."""
        return {parameter.name: parameter.text for parameter in self.parameters.values()}

    def check_arguments(self) -> None:
        """Refuses arguments that the job never asked for."""
        for name in self._arguments:
            if name not in self.parameters and not name.startswith(RESERVED):
                known = ", ".join(self.parameters)
                raise ParameterError(f"parameter {name}: the job has no such parameter, it has: {known}")

    def source(self, connector: Connector, records: Any = None) -> Stream[Any]:
        """Adds a source: a connector of the host that gives records of type `records`."""
        node = Node("source", connector.type_name, connector=connector.config)
        kind = connector.records if records is None else records
        if kind is None:
            raise GraphError(f"source {connector.type_name}: nothing says which records it gives, pass their type")
        node.outputs = [Output("out", type_of(kind))]
        return Stream(self.graph, self.graph.add(node, []))

    def add_source(self, factory: Callable[[OpenContext], Source], returns: Any = None) -> Stream[Any]:
        """Adds a source of your own. The factory runs in planning mode too: see `OpenContext`. What it gives is
        `returns`, or the `T` of the parameter `SourceOutput[T]` of its `poll`."""
        return Stream(self.graph, self.graph.add(source_node(factory, returns), []))

    def input(self, name: str, records: Any) -> Stream[Any]:
        """Records of type `records` that enter by the open port `name`: the component is a part of a job file's job."""
        node = Node("input", "input", outputs=[Output("out", type_of(records))], uid=f"input.{name}", name=name)
        return Stream(self.graph, self.graph.add(node, []))

    def output(self, name: str, stream: Stream[Any]) -> None:
        """Lets the records of a stream leave by the open port `name`."""
        node = Node("output", "output", inputs=[stream.type], uid=f"output.{name}", name=name)
        self.graph.add(node, [stream.edge])

    def register_cached_file(self, path: str, name: str) -> None:
        """Registers a file under a name by which operators read it."""
        self.graph.cached_files.append((name, path))


def _parse(name: str, kind: type, text: str) -> Any:
    try:
        return _BOOLEANS[text] if kind is bool else kind(text)
    except (KeyError, ValueError):
        raise ParameterError(f"parameter {name}: `{text}` is no {_TYPES[kind]}") from None


def _show(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
