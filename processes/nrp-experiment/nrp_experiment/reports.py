"""What is told of a simulation while it runs: its times once a second and at changes, data packs more often."""

import threading

TICK_SECONDS = 0.2
TICKS_PER_STATUS = 5
STOPPING = 'Stopping simulation'


class Reports:
    def __init__(self, context):
        self.simulation = None
        self._context = context
        self._over = threading.Event()
        self._resting = threading.Lock()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def begin(self, simulation):
        self.simulation = simulation
        packs = [f'{engine}::{name}' for engine, packs in simulation.packs.items() for name in packs]
        self._context.tell('data', [{'name': name, 'type': 'JsonDataPack'} for name in packs])
        self.status('started')
        self._ticker.start()

    def rest(self):
        """Where the simulation rests when it is paused, and ends when it is stopped."""
        if self._context.pause_due():
            with self._resting:
                self.status('paused')
                self._context.pause_point()
            self.status('started')
        else:
            self._context.pause_point()
        most = self.simulation.max_steps
        self._context.progress(100 * self.simulation.steps / most if most else 100)

    def status(self, state):
        self._context.tell('status', {**self.times(), 'state': state})

    def times(self):
        """Seconds; none before the configuration is read."""
        simulation = self.simulation
        return {} if simulation is None else {
            'realTime': simulation.real_time,
            'simulationTime': simulation.simulation_time,
            'simulationTimeLeft': simulation.time_left,
        }

    def error(self, failure):
        more = failure.more
        self._context.tell('runtime_error', {
            'msg': str(failure), 'error_type': failure.code, 'fileName': more.get('file', ''),
            'line_number': more.get('line', -1), 'offset': more.get('offset', 0), 'line_text': more.get('lineText', '')})

    def stop_begins(self):
        self._context.tell('progress/begun', {
            'task': STOPPING, 'subtask': 'Packing the logs', 'number_of_subtasks': 1, 'subtask_index': 1, 'block_ui': False})

    def stop_is_done(self):
        # under a name of its own: of one name only the newest is told
        self._context.tell('progress/done', {'task': STOPPING, 'done': True})

    def end(self):
        self._over.set()
        if self._ticker.is_alive():
            self._ticker.join()
        if self.simulation:
            self._data()

    def _tick(self):
        ticks = 0
        while not self._over.wait(TICK_SECONDS):
            ticks += 1
            with self._resting:
                self._data()
                if ticks % TICKS_PER_STATUS == 0:
                    self.status('started')

    def _data(self):
        for engine, packs in self.simulation.packs.items():
            for name, values in packs.items():
                self._context.tell(f'data/{engine}::{name}', values)
