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
import json
import math
import os
import sys
import time
import typing

from warren_derive import Derivatives
from warren_grammar import BadOption, Parametric
from warren_pause import PauseGate
from warren_values import Failure, encode, encode_state, input_converter

__all__ = ['process', 'BadOption', 'Cancelled', 'CallError', 'Context', 'Failure', 'Suspended']

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


def process(id, version, title=None, description=None, inputs=None, outputs=None, grammar=None, jacobian=None, jvp=None,
            vjp=None, hvp=None, complex=False, **more):
    """Declares the decorated function as a process; `more` are further members of the declaration, as JSON names them.

    With a `grammar` the rest of the inputs and the outputs follow from the options, which `inputs` then holds, each with
    a default: `grammar(**options)` gives {'inputs': {...}, 'outputs': {...}}. What it raises says that the options are
    wrong; BadOption says where.

    `jacobian`, `jvp`, `vjp` and `hvp` are functions that give derivatives, as warren_derive.Derivatives says; `complex`
    says that the decorated function also computes with complex numbers.
    """
    derivatives = Derivatives({'jacobian': jacobian, 'jvp': jvp, 'vjp': vjp, 'hvp': hvp}, complex)

    def decorate(function):
        declaration = {
            'id': id,
            'version': version,
            'title': title or id,
            'description': description or inspect.getdoc(function) or '',
            'inputs': inputs if inputs is not None else _inputs_of(function),
            'outputs': outputs if outputs is not None else {} if grammar else _outputs_of(function),
            **more,
            **derivatives.declared(),
        }
        processes[id] = _Process(function, declaration, grammar, derivatives)
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
        self.ending = False
        self.yields = False
        self.gate = PauseGate()
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

    def tell(self, name, data):
        """Tells whoever listens right now, as the event `told` of the job.

        At most once, at most 20 a second, and of several under one name the newest; any JSON of at most 64 KiB.
        """
        self._host.send_text('tell', self.id, f'"name":{json.dumps(str(name))},"data":{encode_state(data, name)}')

    def pause_due(self):
        """Whether the next `pause_point` rests."""
        return self.gate.asked

    def pause_point(self):
        """Rests here as long as a pause is wanted, and ends the run here when it was cancelled.

        A process that declares `yields=True` calls it where it may stand still; cheap enough for every step. Where it
        does not come to one within 1.5 s (0.25 s, when it was cancelled), it is stopped wherever it is.
        """
        if self.gate.asked:
            self._host.send({'type': 'paused', 'id': self.id})
            self.gate.wait()
        if self.cancelled:
            self.ending = True
            raise Cancelled()

    def checkpoint(self, state):
        """Saves the state, as JSON; numbers come back bit for bit.

        When the executor asked for a pause, the run ends here by an exception that must be let pass, and another try
        goes on from the state. The process declares `checkpointable=True`.
        """
        text = encode_state(state)
        if self.asked:
            raise Suspended(text)
        self._saved = time.monotonic()
        self._host.send_text('checkpoint', self.id, f'"state":{text}')

    def checkpoint_due(self, seconds=1.0):
        """Whether it is time to: the executor asked, or the last state is so old. Cheap enough for every step."""
        return self.asked or time.monotonic() - self._saved >= seconds

    def call(self, process_id, inputs):
        """Runs another process and returns its outputs; raises CallError."""
        return self._host.call(self.id, process_id, inputs)


class _Process:
    def __init__(self, function, declaration, grammar, derivatives):
        self.function = function
        self.derivatives = derivatives
        self.parametric = Parametric(declaration, grammar) if grammar else None
        self.declaration = self.parametric.declaration_with({}) if grammar else declaration
        self.takes_context = 'context' in inspect.signature(function).parameters
        self.convert = _converters(self.declaration)

    def declaration_with(self, inputs):
        return self.parametric.declaration_with(inputs) if self.parametric else self.declaration

    def values(self, inputs):
        convert = _converters(self.declaration_with(inputs)) if self.parametric else self.convert
        return {name: convert[name](value) if name in convert else value for name, value in inputs.items()}

    def call(self, values, context):
        return self.function(**values, **({'context': context} if self.takes_context else {}))

    def outputs(self, run, context):
        """Runs it, and derives it where that is wanted; the outputs as JSON text."""
        declared = self.declaration_with(run['inputs'])
        if 'derive' in run:
            return self.derivatives.outputs(self, run['derive'], run['inputs'], context, declared)
        return encode(self.call(self.values(run['inputs']), context), declared['outputs'])


def _converters(declaration):
    return {name: input_converter(given) for name, given in declaration['inputs'].items()}


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
