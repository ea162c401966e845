"""The Rosenbrock function in any dimension, with exact derivatives."""

from warren import process

VECTOR = {'type': 'array', 'items': {'type': 'number'}, 'minItems': 2}


@process(
    id='rosenbrock',
    version='1.1.0',
    title='Rosenbrock function',
    description='f(x) = sum of 100 (x[i+1] - x[i]²)² + (1 - x[i])²; its minimum is 0 at (1, ..., 1).',
    keywords=['optimisation', 'test function'],
    inputs={'x': {'title': 'Point', 'schema': {**VECTOR, 'default': [-1.2, 1.0]}}},
    outputs={'f': {'title': 'Value', 'schema': {'type': 'number'}}},
    deterministic=True,
    jacobian=lambda inputs: {'f': {'x': gradient(inputs['x'])}},
    vjp=lambda inputs, sens: {'x': [sens['f'][0] * g for g in gradient(inputs['x'])]},
    hvp=lambda inputs, along, sens: {'x': [sens['f'][0] * h for h in hessian_action(inputs['x'], along['x'])]},
    complex=True,
)
def rosenbrock(x):
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in zip(x, x[1:]))


def gradient(x):
    g = [0.0] * len(x)
    for i, (a, b) in enumerate(zip(x, x[1:])):
        g[i] += -400.0 * a * (b - a * a) - 2.0 * (1.0 - a)
        g[i + 1] += 200.0 * (b - a * a)
    return g


def hessian_action(x, v):
    """The Hessian at `x` times the vector `v`; the Hessian is tridiagonal."""
    h = [0.0] * len(x)
    for i, (a, b) in enumerate(zip(x, x[1:])):
        h[i] += (1200.0 * a * a - 400.0 * b + 2.0) * v[i] - 400.0 * a * v[i + 1]
        h[i + 1] += 200.0 * v[i + 1] - 400.0 * a * v[i]
    return h
