"""Fraud detection: a stolen card is tried out with a small payment before the large one.

An alert is a large payment within a minute after a small one of the same account. What is small and what is large
follows from what the account has paid so far, so every account has limits of its own, and they move.
"""

from __future__ import annotations

from typing import NamedTuple

import wasmill
from wasmill import Collector, Connector, Env, KeyedContext, KeyedProcess, OpenContext, Print, TextFiles, Watermarks

#: How long a small payment is remembered.
MEMORY_MS = 60_000
#: Payments an account must have made before it is judged.
PAYMENTS_MIN = 5


class Payment(NamedTuple):
    """A card payment, as a line of the input has it."""

    id: int
    account: str
    at_ms: int
    cents: int


class Alert(NamedTuple):
    """A small payment and the large one that followed."""

    account: str
    small_id: int
    large_id: int
    at_ms: int
    cents: int
    #: From which amount on a payment of the account was large at that time.
    large_cents: int


class Habit(NamedTuple):
    """What an account usually pays."""

    payments: int
    cents: int

    def limits(self) -> tuple[int, int] | None:
        """The limits of the account: a payment up to the first is small, one from the second on is large."""
        if self.payments < PAYMENTS_MIN:
            return None
        mean = self.cents // self.payments
        return mean // 10, mean * 5


class Suspicion(NamedTuple):
    """A small payment that makes the next large one suspicious."""

    id: int
    at_ms: int


class Detect(KeyedProcess):
    """Watches the payments of an account."""

    def __init__(self, ctx: OpenContext) -> None:
        self.habit = ctx.value_state("habit", Habit)
        self.suspicion = ctx.value_state("suspicion", Suspicion)

    def process(self, payment: Payment, ctx: KeyedContext, out: Collector[Alert]) -> None:
        habit = self.habit.get(Habit(0, 0))
        if limits := habit.limits():
            small_cents, large_cents = limits
            if payment.cents >= large_cents:
                small = self.suspicion.get()
                if small and payment.at_ms - small.at_ms <= MEMORY_MS:
                    out.emit(
                        Alert(payment.account, small.id, payment.id, payment.at_ms, payment.cents, large_cents)
                    )
                # A payment that is out of proportion says nothing about the habit.
                return
            if payment.cents <= small_cents:
                self.suspicion.set(Suspicion(payment.id, payment.at_ms))
                ctx.register_event_timer(payment.at_ms + MEMORY_MS)
        self.habit.set(Habit(habit.payments + 1, habit.cents + payment.cents))

    def on_timer(self, domain: str, ctx: KeyedContext, out: Collector[Alert]) -> None:
        """Forgets a small payment, unless there was another since."""
        small = self.suspicion.get()
        if small and small.at_ms + MEMORY_MS <= ctx.timer_time:
            self.suspicion.clear()


@wasmill.job
def fraud_detection(env: Env) -> None:
    path = env.param(
        "path",
        default="plugins/fraud-detection/data/payments.jsonl",
        describe="files of payments, one JSON object a line",
    )
    out = env.param("out", default="", describe="directory to write to, else print")
    rate = env.param("rate", default=0, describe="payments to read a second, 0 for as many as possible")
    payments = env.source(TextFiles.json_lines(path, Payment).rate(rate)).uid("payments")
    alerts = (
        payments.assign_timestamps(lambda payment: payment.at_ms, Watermarks.bounded_ms(2_000))
        .key_by("account")
        .process(Detect)
        .uid("detect")
        .name("detect")
    )
    alerts.sink(sink(out, "alerts")).uid("alerts")


def sink(out: str, name: str) -> Connector:
    """Files below a directory, or the terminal."""
    return TextFiles(f"{out}/{name}") if out else Print()
