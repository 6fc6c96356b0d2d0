"""{{name}}: what each account has paid so far, told after every payment."""

from __future__ import annotations

from typing import NamedTuple

import wasmill
from wasmill import Collector, Env, KeyedContext, KeyedProcess, OpenContext, Print, TextFiles


class Payment(NamedTuple):
    """A payment, as a line of the input has it."""

    account: str
    cents: int


class Total(NamedTuple):
    """What an account has paid so far."""

    account: str
    cents: int


class Totals(KeyedProcess):
    """Adds up the payments of each account. What must last is state; an attribute is a cache at best."""

    def __init__(self, ctx: OpenContext) -> None:
        self.total = ctx.value_state("total", int)

    def process(self, payment: Payment, ctx: KeyedContext, out: Collector[Total]) -> None:
        cents = self.total.get(0) + payment.cents
        self.total.set(cents)
        out.emit(Total(payment.account, cents))


@wasmill.job
def job(env: Env) -> None:
    env.name("{{name}}")
    path = env.param("path", default="sample.jsonl", describe="files of payments, one JSON object a line")
    payments = env.source(TextFiles.json_lines(path, Payment)).uid("payments")
    payments.key_by("account").process(Totals).uid("totals").sink(Print()).uid("print")
