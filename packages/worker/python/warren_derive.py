"""Derivatives that the author of a process gives, and complex steps through its code."""

import inspect
import json

from warren_values import Failure, encode, named, plain

KINDS = ('jacobian', 'jvp', 'vjp', 'hvp')


class Derivatives:
    """The functions for the kinds; with `complex` the process itself also computes with complex numbers.

    A function takes the inputs as a dictionary, and by their names what it wants of `of`, `wrt`, `along`, `sens` and
    `context`. What it gives is nested by name; how the numbers in it are nested does not count, their order does.
    """

    def __init__(self, functions, complex):
        self.functions = {kind: (function, set(inspect.signature(function).parameters))
                          for kind, function in functions.items() if function is not None}
        self.complex = complex

    def declared(self):
        """The member of the declaration."""
        kinds = [*self.functions, *(['complexStep'] if self.complex else [])]
        return {'derivatives': {kind: 'native' for kind in kinds}} if kinds else {}

    def outputs(self, process, ask, inputs, context, declared):
        """Runs the process and derives it; the outputs as JSON text, with one member more that the kind names."""
        values = process.values(inputs)
        if ask['mode'] == 'complex_step':
            value, derivative = self._by_complex_step(process, ask, values, context, declared)
        else:
            value, derivative = self._by_author(process, ask, values, context)
        text = encode(value, declared['outputs'])
        kind = ask['kind']
        derivative = json.dumps(plain(derivative, {}, kind, ()), allow_nan=False, separators=(',', ':'))
        return f'{text[:-1]},"{kind}":{derivative}}}'

    def _by_author(self, process, ask, values, context):
        if ask['kind'] not in self.functions:
            raise _not_given(ask['kind'])
        function, names = self.functions[ask['kind']]
        value = process.call(values, context)
        wanted = {name: given for name, given in {**ask, 'context': context}.items() if name in names}
        return value, function(values, **wanted)

    def _by_complex_step(self, process, ask, values, context, declared):
        if not self.complex:
            raise _not_given('complex')
        step, along = ask.get('step', 1e-20), ask.get('along', {})
        at = dict(values)
        for name, given in declared['inputs'].items():
            if name in at and not given.get('option') and _numeric(given.get('schema')):
                moves = iter(along.get(name, ()))
                at[name] = _each(at[name], lambda x: complex(x, step * next(moves, 0.0)))
        found = named(process.call(at, context), declared['outputs'])
        value = {name: _each(part, _real) for name, part in found.items()}
        return value, {name: _each(found[name], lambda z: z.imag / step) for name in ask['of']}


def _each(value, function):
    if hasattr(value, 'tolist'):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_each(inner, function) for inner in value]
    return function(value)


def _real(value):
    return value.real if isinstance(value, complex) else value


def _numeric(schema):
    if not isinstance(schema, dict):
        return False
    return schema.get('type') == 'number' or schema.get('type') == 'array' and _numeric(schema.get('items'))


def _not_given(what):
    return Failure('BAD_INPUT', f'the process gives no {what}')
