"""Since when things wait, as far as this process has seen. Lost with it: then time runs anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handlers.ports.clock import Clock

LONGEST_S = 600.0  #: what is tried again and again comes to this pace in the end


@dataclass(slots=True)
class _Timer:
    next_at: datetime
    asked_at: datetime
    fired: int = 0


@dataclass(frozen=True, slots=True)
class Timers:
    """Each has a name, and lives for as long as somebody asks for it."""

    now: Clock
    kept_s: float = 300  #: one that nobody asked for this long is over
    _running: dict[str, _Timer] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._running)

    def is_time(self, name: str, every_s: float, *, longest_s: float | None = None) -> bool:
        """True at first, and then again every `every_s`; with `longest_s` after 1, 2, 4 … times that, up to it."""
        return self._fires(name, 0, every_s, longest_s)

    def has_waited(self, name: str, wait_s: float, *, longest_s: float | None = None) -> bool:
        """True `wait_s` after it was first asked for, and then as `is_time`, the next time after 2 times `wait_s`."""
        return self._fires(name, wait_s, wait_s, longest_s)

    def stop(self, name: str) -> None:
        """Let it begin anew."""
        self._running.pop(name, None)

    def forget(self) -> None:
        """Those nobody asks for any more, however many batches there are in a day."""
        kept = timedelta(seconds=self.kept_s)
        for name in [name for name, each in self._running.items() if self.now() - each.asked_at > kept]:
            del self._running[name]

    def clear(self) -> None:
        self._running.clear()

    def _fires(self, name: str, first_s: float, every_s: float, longest_s: float | None) -> bool:
        now = self.now()
        timer = self._running.setdefault(name, _Timer(now + timedelta(seconds=first_s), now, int(first_s > 0)))
        timer.asked_at = now
        if now < timer.next_at:
            return False
        pause_s = every_s if longest_s is None else min(longest_s, every_s * 2 ** min(timer.fired, 30))
        timer.next_at, timer.fired = now + timedelta(seconds=pause_s), timer.fired + 1
        return True
