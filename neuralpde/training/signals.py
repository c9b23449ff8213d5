"""Ctrl-C and SIGTERM as a wish that the loop reads between two calls."""

from __future__ import annotations

import signal
import threading
from types import FrameType

WATCHED = (signal.SIGINT, signal.SIGTERM)


class StopRequests:
    """A context in which the first Ctrl-C or SIGTERM is only noted in ``received``; a second one interrupts at once.

    Outside of the main thread Python delivers no signals, and nothing is watched.
    """

    def __init__(self):
        self.received: signal.Signals | None = None
        self._previous: dict[signal.Signals, object] = {}

    def __enter__(self) -> StopRequests:
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._note) for number in WATCHED}
        return self

    def __exit__(self, *exception) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = signal.Signals(number)
