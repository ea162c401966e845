"""Numbers that a JavaScript program between here and the client would change."""

from warren import process


@process(
    id='numbers',
    version='1.0.0',
    title='Numbers',
    description='A float that is whole, an integer of twenty digits, a tenth, and the number that came in.',
    inputs={'given': {'schema': {'type': 'number', 'default': 2}}},
    outputs={
        'one': {'schema': {'type': 'number'}},
        'large': {'schema': {'type': 'integer'}},
        'tenth': {'schema': {'type': 'number'}},
        'given': {'schema': {'type': 'number'}},
    },
)
def numbers(given):
    return {'one': 1.0, 'large': 12345678901234567890, 'tenth': 0.1, 'given': given}
