"""The job graph as the job function builds it, and the JSON of it (`wit/MANIFEST.md`).

The same function builds it when the job is planned and when a task is opened, so operators have the same numbers both
times. Numbers follow the order of calls; an edge always leads to a higher one. What is wrong with an operator is noted
as its defect and told when the plan is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable

from .errors import GraphError
from .types import Type

if TYPE_CHECKING:
    from .task import Wiring

#: Key groups of a job unless it says otherwise.
MAX_PARALLELISM_DEFAULT = 128


@dataclass
class Output:
    """An output of an operator: the main one is `out`, the others are side outputs."""

    name: str
    type: Type
    key_type: Type | None = None


@dataclass
class State:
    """A state that an operator declares."""

    name: str
    kind: str
    type: Type
    sub_key_type: Type | None = None


@dataclass
class Edge:
    """An edge of the graph."""

    source: int
    output: int
    target: int
    input: int
    partitioning: str
    #: Whether the receiving operator may be chained to its input.
    chain: bool = True


@dataclass
class Node:
    """An operator of the graph."""

    kind: str
    type_name: str
    inputs: list[Type] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    connector: dict[str, Any] | None = None
    keyed: bool = False
    states: list[State] = field(default_factory=list)
    watermarks: dict[str, Any] | None = None
    grants: list[str] = field(default_factory=list)
    cached_files: list[str] = field(default_factory=list)
    #: Opens the operator in an instance; absent for connectors of the host.
    open: Callable[[Wiring], None] | None = None
    #: Takes the parallelism of its input unless it has its own.
    follows_input: bool = False
    uid: str | None = None
    name: str | None = None
    parallelism: int | None = None
    chain: bool = True
    defect: str | None = None

    def refuse(self, reason: str) -> None:
        """Has the job refused when it is planned; the first reason holds."""
        self.defect = self.defect or reason


class Graph:
    """The graph of a job."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.max_parallelism = MAX_PARALLELISM_DEFAULT
        #: Files that the job registers: name and path.
        self.cached_files: list[tuple[str, str]] = []
        self.nodes: list[Node] = []
        self._edges: list[Edge] = []

    def add(self, node: Node, inputs: list[tuple[int, int, str]]) -> int:
        """Adds an operator with the edges into its inputs: (operator, output, partitioning) of each."""
        number = len(self.nodes)
        self.nodes.append(node)
        for index, (source, output, partitioning) in enumerate(inputs):
            self._edges.append(Edge(source, output, number, index, partitioning))
        return number

    def uid(self, number: int) -> str:
        """The `uid` of an operator: the one it was given, else its type and number."""
        node = self.nodes[number]
        return node.uid or f"{node.type_name.replace(' ', '-').replace('_', '-')}-{number}"

    def _parallelism(self, number: int) -> int | None:
        node = self.nodes[number]
        if node.parallelism is None and node.follows_input:
            edge = next(edge for edge in self._edges if edge.target == number)
            return self._parallelism(edge.source)
        return node.parallelism

    def edges(self) -> list[Edge]:
        """The edges as they will be: forward edges between operators of different parallelism are rebalanced."""
        edges = []
        for edge in self._edges:
            partitioning = edge.partitioning
            same = self._parallelism(edge.source) == self._parallelism(edge.target)
            if partitioning == "forward" and not same:
                partitioning = "rebalance"
            chain = self.nodes[edge.target].chain
            edges.append(Edge(edge.source, edge.output, edge.target, edge.input, partitioning, chain))
        return edges

    def operators(self) -> list[dict[str, Any]]:
        """The operators as both documents show them."""
        return [self._operator(number) for number in range(len(self.nodes))]

    def _operator(self, number: int) -> dict[str, Any]:
        node = self.nodes[number]
        shown: dict[str, Any] = {
            "id": number,
            "uid": self.uid(number),
            "name": node.name or node.type_name,
            "kind": node.kind,
            "parallelism": self._parallelism(number),
        }
        if not node.chain:
            shown["chain"] = False
        if node.connector is not None:
            shown["connector"] = node.connector
        if node.kind != "source":
            shown["inputs"] = [{"schema": kind.document()} for kind in node.inputs]
        if node.kind != "sink":
            shown["outputs"] = [_output(output) for output in node.outputs]
        if node.kind == "operator":
            shown["keyed"] = node.keyed
            shown["states"] = [_state(state) for state in node.states]
            shown["watermarks"] = node.watermarks
        if node.grants:
            shown["grants"] = node.grants
        if node.cached_files:
            shown["cached_files"] = node.cached_files
        return shown

    def plan(self, default_name: str) -> dict[str, Any]:
        """The `plan` document; refuses a graph with a defect."""
        self._check()
        edges = [
            {
                "from": edge.source,
                "output": edge.output,
                "to": edge.target,
                "input": edge.input,
                "partitioning": edge.partitioning,
            }
            for edge in self.edges()
        ]
        return {
            "version": 1,
            "name": self.name or default_name,
            "max_parallelism": self.max_parallelism,
            "operators": self.operators(),
            "edges": edges,
            "cached_files": [{"name": name, "path": path} for name, path in self.cached_files],
        }

    def _check(self) -> None:
        if not self.nodes:
            raise GraphError("the job has no operators")
        uids: set[str] = set()
        for number, node in enumerate(self.nodes):
            uid = self.uid(number)
            reason = node.defect or _defect(node)
            if uid in uids:
                reason = "another operator has this uid"
            if reason:
                raise GraphError(f"operator {uid}: {reason}")
            uids.add(uid)


def _defect(node: Node) -> str | None:
    """What only shows when everything about an operator was said."""
    states = [state.name for state in node.states]
    outputs = [output.name for output in node.outputs]
    for what, names in (("state", states), ("output", outputs)):
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            return f"it declares {what} {twice[0]} twice"
    if node.parallelism is not None and node.parallelism < 1:
        return f"its parallelism is {node.parallelism}, give at least 1"
    if node.kind == "operator" and node.grants:
        return "it asks for files; only sources and sinks may write to the outside"
    return None


def _output(output: Output) -> dict[str, Any]:
    shown = {"name": output.name, "schema": output.type.document()}
    if output.key_type is not None:
        shown["key_schema"] = output.key_type.document()
    return shown


def _state(state: State) -> dict[str, Any]:
    sub_key = None if state.sub_key_type is None else state.sub_key_type.document()
    schema = state.type.document()
    return {"name": state.name, "kind": state.kind, "schema": schema, "sub_key_schema": sub_key}
