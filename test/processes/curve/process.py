"""Processes to derive: slow ones, ones that fail, and a matrix."""

import math
import time

from warren import process

NUMBER = {'type': 'number'}
VECTOR = {'type': 'array', 'items': NUMBER}
MATRIX = {'type': 'array', 'items': VECTOR}


@process(
    id='slow-sum',
    version='1.0.0',
    description='The sum of the squares, after some time.',
    inputs={'x': {'schema': VECTOR}, 'seconds': {'schema': {'type': 'number', 'default': 0.5}}},
    outputs={'y': {'schema': NUMBER}},
)
def slow_sum(x, seconds):
    time.sleep(seconds)
    return sum(v * v for v in x)


@process(
    id='cliff',
    version='1.0.0',
    description='The square roots; there are none to the left of zero.',
    inputs={'x': {'schema': VECTOR}, 'count': {'schema': {'type': 'integer', 'default': 1}}},
    outputs={'y': {'schema': VECTOR}, 'label': {'schema': {'type': 'string'}}},
)
def cliff(x, count):
    return {'y': [math.sqrt(v) for v in x], 'label': 'roots'}


@process(
    id='trace',
    version='1.0.0',
    description='Of the product of a matrix with itself, and the matrix times a number.',
    inputs={'a': {'schema': MATRIX}, 'k': {'schema': {**NUMBER, 'default': 2}}},
    outputs={'t': {'schema': NUMBER}, 'b': {'schema': MATRIX}},
    complex=True,
)
def trace(a, k):
    size = range(len(a))
    return {'t': sum(a[i][j] * a[j][i] for i in size for j in size), 'b': [[k * v for v in row] for row in a]}
