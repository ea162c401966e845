"""What clients of gemseo-http run in the tests."""

import os
import time

from warren import process


@process(id='Sellar1Remote', version='1.0.0')
def sellar_1_remote(x: float = 0.0) -> float:
    """Fails when it is told to, with a message of its own."""
    if x < 0:
        raise RuntimeError('Sellar1Remote discipline has failed.')
    return x


@process(
    id='Slow',
    version='1.0.0',
    inputs={
        'x': {'schema': {'type': 'array', 'items': {'type': 'number'}, 'default': [1.0, 2.0]}},
        'seconds': {'schema': {'type': 'number', 'default': 0.0}},
    },
    outputs={'y': {'schema': {'type': 'array', 'items': {'type': 'number'}}}},
)
def slow(x, seconds):
    """Twice its input, after some time."""
    time.sleep(seconds)
    return {'y': [2 * value for value in x]}


@process(
    id='Reader',
    version='1.0.0',
    inputs={'name': {'schema': {'type': 'string', 'default': ''}}},
    outputs={'size': {'schema': {'type': 'number'}}, 'made': {'schema': {'type': 'string'}}},
)
def reader(name, context):
    """Looks for a file at the root of its folder, by its name, and leaves others there."""
    size = os.path.getsize(os.path.join(context.workdir, name)) if name else 0
    os.makedirs(os.path.join(context.workdir, 'data', 'inner'))
    for path in ('out.txt', 'a+b.txt', 'data/one.txt', 'data/inner/two.txt'):
        with open(os.path.join(context.workdir, path), 'w') as file:
            file.write(f'{path}: {size}')
    return {'size': float(size), 'made': 'out.txt'}
