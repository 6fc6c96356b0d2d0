"""Counters, meters, gauges and histograms of an operator. What a call tells is gathered and sent once at its end."""

from __future__ import annotations

from collections import defaultdict

from .host import Host


class MetricSink:
    """What a call has told so far."""

    def __init__(self) -> None:
        self.counts: dict[tuple[int, str], int] = defaultdict(int)
        self.marks: dict[tuple[int, str], int] = defaultdict(int)
        self.gauges: dict[tuple[int, str], float] = {}
        self.samples: dict[tuple[int, str], list[int]] = defaultdict(list)

    def flush(self, host: Host) -> None:
        """Sends what was gathered."""
        for gathered, send in (
            (self.counts, host.count),
            (self.marks, host.mark),
            (self.gauges, host.set_gauges),
            (self.samples, host.sample),
        ):
            if gathered:
                send([(operator, name, value) for (operator, name), value in gathered.items()])
                gathered.clear()


class _Metric:
    def __init__(self, sink: MetricSink, operator: int, name: str) -> None:
        self._sink, self._address = sink, (operator, name)


class Counter(_Metric):
    """A number that only grows."""

    def add(self, amount: int = 1) -> None:
        """Adds to it."""
        self._sink.counts[self._address] += amount


class Meter(_Metric):
    """Events, shown as a rate."""

    def mark(self, events: int = 1) -> None:
        """Tells of events."""
        self._sink.marks[self._address] += events


class Gauge(_Metric):
    """A value as it is now."""

    def set(self, value: float) -> None:
        """Sets it."""
        self._sink.gauges[self._address] = float(value)


class Histogram(_Metric):
    """How values are distributed; each is a whole number from 0 on."""

    def sample(self, value: int) -> None:
        """Adds a value."""
        self._sink.samples[self._address].append(value)
