"""The loop over the engines, which counts in whole steps, and what a script sees of it."""

import json
import time

from nrp_experiment.pendulum import Pendulum


class NRPSimulationTimeout(Exception):
    """The simulation time that the configuration allows is over."""


class Simulation:
    """`rest` is called before every step: where a simulation rests when it is paused, and ends when it is stopped."""

    def __init__(self, configuration, rest):
        self.steps = 0
        self.max_steps = configuration.max_steps
        self.real_time = 0.0
        self._timestep = configuration.timestep
        self._rest = rest
        self._engines = {engine['name']: _Engine(**engine) for engine in configuration.engines}
        self.packs = self._read()

    @property
    def simulation_time(self):
        return float(self.steps * self._timestep)

    @property
    def time_left(self):
        return float((self.max_steps - self.steps) * self._timestep)

    def advance(self, steps, given=None):
        """Runs all of these steps, or none when they would pass the timeout."""
        self._rest()
        if self.steps + steps > self.max_steps:
            raise NRPSimulationTimeout(f'{steps} steps after {self.steps} are more than {self.max_steps}')
        for name, packs in (given or {}).items():
            if name not in self._engines:
                raise ValueError(f'there is no engine {name}')
            self._engines[name].take(packs)
        for number in range(steps):
            if number > 0:
                self._rest()
            began = time.perf_counter()
            for engine in self._engines.values():
                engine.advance_to((self.steps + 1) * self._timestep)
            self.steps += 1
            self.real_time += time.perf_counter() - began
        self.packs = self._read()
        return self.packs

    def _read(self):
        return {name: engine.data_packs() for name, engine in self._engines.items()}


class _Engine:
    """An engine has a timestep of its own, and steps when the simulation has come so far."""

    def __init__(self, name, timestep, **parameters):
        self._timestep = timestep
        self._steps = 0
        self._model = Pendulum(**{parameter: float(value) for parameter, value in parameters.items()})
        self.data_packs = self._model.data_packs
        self.take = self._model.take

    def advance_to(self, simulation_time):
        due = int(simulation_time // self._timestep)
        for _ in range(due - self._steps):
            self._model.step(float(self._timestep))
        self._steps = due


class Nrp:
    """What a script has of the simulation: it can go on, and the rest is done from outside."""

    def __init__(self, simulation):
        self.__simulation = simulation

    def run_loop(self, num_iterations=1, json_data=None):
        """Advances by so many steps, and gives the data packs of all engines.

        `json_data` holds data packs for them, as JSON text or as a dictionary: engine → data pack → values.
        """
        if isinstance(num_iterations, bool) or not isinstance(num_iterations, int) or num_iterations < 1:
            raise ValueError('num_iterations must be a whole number of at least 1')
        given = json.loads(json_data) if isinstance(json_data, str) else json_data
        return self.__simulation.advance(num_iterations, given)

    def __getattr__(self, name):
        raise AttributeError(f'a script cannot use nrp.{name}: there is only run_loop')
