"""Timer changes of a call, gathered and sent once at its end.

Registering and deleting the same timer in one call must reach the host in that order: when the kind of change turns,
what was gathered before goes out first. Usually it never turns.
"""

from __future__ import annotations

from .column import TimerBatch, column_of
from .host import Host


class TimerService:
    """Gathers timer changes."""

    def __init__(self, host: Host) -> None:
        self._host = host
        #: By domain: whether they are deletions, and (time, key, namespace) of each.
        self._pending: list[tuple[bool, list[tuple[int, bytes, bytes]]]] = [(False, []), (False, [])]

    def register(self, domain: int, time: int, key: bytes, namespace: bytes = b"") -> None:
        """Registers a timer of a key; doing it twice changes nothing."""
        self._change(False, domain, (time, key, namespace))

    def delete(self, domain: int, time: int, key: bytes, namespace: bytes = b"") -> None:
        """Deletes a timer of a key; it need not exist."""
        self._change(True, domain, (time, key, namespace))

    def _change(self, deletes: bool, domain: int, timer: tuple[int, bytes, bytes]) -> None:
        if self._pending[domain][0] != deletes:
            self._send(domain)
            self._pending[domain] = (deletes, [])
        self._pending[domain][1].append(timer)

    def _send(self, domain: int) -> None:
        deletes, timers = self._pending[domain]
        if not timers:
            return
        times, keys, namespaces = zip(*timers)
        batch = TimerBatch(len(timers), list(times), column_of(keys), column_of(namespaces))
        if deletes:
            self._host.delete_timers(domain, batch)
        else:
            self._host.register_timers(domain, batch)
        self._pending[domain] = (deletes, [])

    def flush(self) -> None:
        """Sends what is left at the end of a call."""
        self._send(0)
        self._send(1)
