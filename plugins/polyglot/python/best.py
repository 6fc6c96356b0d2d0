"""The fourth part of the polyglot sample: the hour in which each customer spent most, told when there are no more."""

from __future__ import annotations

from typing import NamedTuple

import wasmill
from wasmill import END_OF_TIME, Collector, Env, KeyedContext, KeyedProcess, OpenContext


class Hour(NamedTuple):
    """What a customer has spent in an hour."""

    customer: str
    hour_ms: int
    cents: int


class Best(KeyedProcess):
    """Keeps the best hour of a customer; of two that are as good, the earlier one."""

    def __init__(self, ctx: OpenContext) -> None:
        self.best = ctx.value_state("best", Hour)

    def process(self, hour: Hour, ctx: KeyedContext, out: Collector[Hour]) -> None:
        best = self.best.get()
        if best is None:
            ctx.register_event_timer(END_OF_TIME)
        if best is None or (hour.cents, -hour.hour_ms) > (best.cents, -best.hour_ms):
            self.best.set(hour)

    def on_timer(self, domain: str, ctx: KeyedContext, out: Collector[Hour]) -> None:
        best = self.best.get()
        if best is not None:
            out.emit(best)


@wasmill.job
def best(env: Env) -> None:
    env.output("best", env.input("hours", Hour).key_by("customer").process(Best).uid("best"))
