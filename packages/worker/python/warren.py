"""Write a process in Python; standard library only, Python 3.9 or newer.

    from warren import process

    @process(id='square', version='1.0.0')
    def square(x: float = 2.0) -> float:
        return x * x

Inputs and outputs follow from the annotations (float, int, str, bool, list[...], dict), or are given as
`inputs={'x': {'schema': {...}}}` and `outputs={...}`. A function with one output returns its value, one with several
returns a dictionary. A parameter named `context` receives the run's Context.

`python3 warren.py <entry file>` is the runner host, of which warren_host.py is the engine.
"""

import inspect
import math
import os
import sys
import time
import typing

from warren_values import encode_state, input_converter

__all__ = ['process', 'Cancelled', 'CallError', 'Context', 'Suspended']

processes = {}


class Cancelled(BaseException):
    """Raised in the user's code when its run is cancelled; not an Exception, so that `except Exception` lets it pass."""


class Suspended(BaseException):
    """Ends a run whose state was saved because the executor asked; the user's code lets it pass."""

    def __init__(self, state):
        super().__init__('the run was paused, and goes on from its checkpoint')
        self.state = state


class CallError(Exception):
    """A called process failed; `code` is one of the error catalogue."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def process(id, version, title=None, description=None, inputs=None, outputs=None, **more):
    """Declares the decorated function as a process; `more` are further members of the declaration, as JSON names them."""

    def decorate(function):
        declaration = {
            'id': id,
            'version': version,
            'title': title or id,
            'description': description or inspect.getdoc(function) or '',
            'inputs': inputs if inputs is not None else _inputs_of(function),
            'outputs': outputs if outputs is not None else _outputs_of(function),
            **more,
        }
        processes[id] = _Process(function, declaration)
        return function

    return decorate


class Context:
    """What a run knows and may do besides computing."""

    def __init__(self, host, run):
        self.id = run['id']
        self.attempt = run['attempt']
        self.restored = run.get('checkpoint')
        """The state that `checkpoint` saved in an earlier try, to go on from; None in a run that starts afresh."""
        self.cancelled = False
        self.asked = False
        self._saved = time.monotonic()
        self._host = host
        self._workdir = run['workdir']
        self._made = False
        self._reported = 0.0

    @property
    def workdir(self):
        """A directory of this run alone, made when first asked for and removed after the run."""
        if not self._made:
            os.makedirs(self._workdir, exist_ok=True)
            self._made = True
            self._host.send({'type': 'workdir', 'id': self.id})
        return self._workdir

    def progress(self, percent, message=None):
        """Tells how far the run is, 0 to 100; more often than every 20 ms is not passed on."""
        now = time.monotonic()
        if percent < 100 and now - self._reported < 0.02:
            return
        self._reported = now
        line = {'type': 'progress', 'id': self.id, 'percent': min(100.0, max(0.0, float(percent)))}
        self._host.send(line if message is None else {**line, 'message': str(message)})

    def metric(self, name, value, step=None):
        """One point of a named series, such as a residual per iteration."""
        if not math.isfinite(value):
            return
        line = {'type': 'metric', 'id': self.id, 'name': name, 'value': float(value)}
        self._host.send(line if step is None else {**line, 'step': step})

    def log(self, level, message):
        """A line of the job's log: 'debug', 'info', 'warning' or 'error'. The logging module does the same."""
        self._host.send({'type': 'log', 'id': self.id, 'level': level, 'message': str(message)})

    def checkpoint(self, state):
        """Saves the state, as JSON; numbers come back bit for bit.

        When the executor asked for a pause, the run ends here by an exception that must be let pass, and another try
        goes on from the state. The process declares `checkpointable=True`.
        """
        text = encode_state(state)
        if self.asked:
            raise Suspended(text)
        self._saved = time.monotonic()
        self._host.send_state('checkpoint', self.id, text)

    def checkpoint_due(self, seconds=1.0):
        """Whether it is time to: the executor asked, or the last state is so old. Cheap enough for every step."""
        return self.asked or time.monotonic() - self._saved >= seconds

    def call(self, process_id, inputs):
        """Runs another process and returns its outputs; raises CallError."""
        return self._host.call(self.id, process_id, inputs)


class _Process:
    def __init__(self, function, declaration):
        self.function = function
        self.declaration = declaration
        self.takes_context = 'context' in inspect.signature(function).parameters
        self.convert = {name: input_converter(given) for name, given in declaration['inputs'].items()}

    def run(self, inputs, context):
        given = {name: self.convert[name](value) if name in self.convert else value for name, value in inputs.items()}
        if self.takes_context:
            given['context'] = context
        return self.function(**given)


_types = {float: 'number', int: 'integer', str: 'string', bool: 'boolean', dict: 'object', list: 'array', tuple: 'array'}


def _schema_of(annotation):
    if typing.get_origin(annotation) is list:
        return {'type': 'array', 'items': _schema_of(typing.get_args(annotation)[0])}
    name = _types.get(typing.get_origin(annotation) or annotation)
    return {'type': name} if name else {}


def _inputs_of(function):
    hints = typing.get_type_hints(function)
    inputs = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name == 'context':
            continue
        schema = _schema_of(hints.get(name))
        inputs[name] = {'schema': schema}
        if parameter.default is None:
            inputs[name]['minOccurs'] = 0
        elif parameter.default is not parameter.empty:
            schema['default'] = parameter.default
    return inputs


def _outputs_of(function):
    return {'result': {'schema': _schema_of(typing.get_type_hints(function).get('return'))}}


if __name__ == '__main__':
    from warren_host import main
    main(sys.argv[1])
