"""Where a run rests while a pause is wanted: at points of its own choice."""

import threading


class PauseGate:
    def __init__(self):
        self._goes_on = threading.Event()
        self._goes_on.set()

    @property
    def asked(self):
        return not self._goes_on.is_set()

    def ask(self):
        self._goes_on.clear()

    def resume(self):
        self._goes_on.set()

    def wait(self):
        self._goes_on.wait()
