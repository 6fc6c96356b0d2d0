"""`Watermarks`: by which rule event time advances behind an assigner. The host carries it out, per source split."""

from __future__ import annotations

from typing import Any, Callable, Self


class Watermarks:
    """How the host makes watermarks of the timestamps it is told."""

    def __init__(self, strategy: str, bound_ms: int = 0, punctuate: Callable[[Any], int | None] | None = None) -> None:
        self.strategy, self.punctuate = strategy, punctuate
        self._bound_ms = bound_ms
        self._idle_after_ms: int | None = None
        self._alignment: tuple[str, int] | None = None

    @classmethod
    def bounded_ms(cls, max_out_of_orderness_ms: int) -> Self:
        """Records are at most this late behind the latest one (milliseconds)."""
        return cls("bounded", max_out_of_orderness_ms)

    @classmethod
    def monotonic(cls) -> Self:
        """Timestamps never go back within a source split."""
        return cls("monotonic")

    @classmethod
    def punctuated(cls, watermark: Callable[[Any], int | None]) -> Self:
        """Some records carry a watermark: no record at or below it follows in the same source split (milliseconds)."""
        return cls("punctuated", punctuate=watermark)

    @classmethod
    def none(cls) -> Self:
        """Timestamps without watermarks: event time stands still until the input ends."""
        return cls("none")

    @classmethod
    def ingestion(cls) -> Self:
        """A record's timestamp is the moment at which it came, and event time follows the clock."""
        return cls("ingestion")

    def idle_after_ms(self, idle_after_ms: int) -> Self:
        """A split without records for this long does not hold event time up (milliseconds)."""
        self._idle_after_ms = idle_after_ms
        return self

    def aligned(self, group: str, max_drift_ms: int) -> Self:
        """Sources of one group do not run away from each other by more than this (milliseconds)."""
        self._alignment = (group, max_drift_ms)
        return self

    def defect(self) -> str | None:
        """What is wrong with the rule, if anything."""
        if self._bound_ms < 0:
            return f"records cannot be {self._bound_ms} ms out of order, give 0 or more"
        if self._idle_after_ms is not None and self._idle_after_ms < 1:
            return f"idle after {self._idle_after_ms} ms is impossible, give at least 1"
        return None

    def document(self) -> dict[str, Any]:
        """The rule as the plan shows it; what else cannot be, the host refuses."""
        shown: dict[str, Any] = {"strategy": self.strategy, "idle_after_ms": self._idle_after_ms}
        if self.strategy == "bounded":
            shown["max_out_of_orderness_ms"] = self._bound_ms
        if self._alignment is not None:
            shown["alignment"] = {"group": self._alignment[0], "max_drift_ms": self._alignment[1]}
        return shown
