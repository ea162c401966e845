"""A process in Python whose inputs follow from an option."""

from warren import BadOption, process


def grammar(degree, names):
    if len(set(names)) != len(names):
        raise BadOption(['names', len(names) - 1], 'a name is there twice')
    if len(names) != degree + 1:
        raise ValueError(f'{degree + 1} names are needed')
    return {
        'inputs': {'x': {'schema': {'type': 'number'}}, **{name: {'schema': {'type': 'number', 'default': 1}} for name in names}},
        'outputs': {'value': {'schema': {'type': 'number'}}, 'degree': {'schema': {'type': 'integer'}}},
    }


@process(
    id='polynomial',
    version='1.0.0',
    title='Polynomial',
    description='Evaluates a polynomial with coefficients of any names.',
    inputs={
        'degree': {'option': True, 'schema': {'type': 'integer', 'minimum': 0, 'maximum': 10, 'default': 1}},
        'names': {'option': True, 'schema': {'type': 'array', 'items': {'type': 'string'}, 'default': ['a', 'b']}},
    },
    grammar=grammar,
)
def polynomial(degree, names, x, **coefficients):
    return {'value': sum(coefficients[name] * x**power for power, name in enumerate(names)), 'degree': degree}
