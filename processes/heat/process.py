"""The heat equation u_t = k u_xx on the unit interval, both ends held at 0, by explicit finite differences."""

import math
import os
import time

from warren import process


class Rod:
    """The whole state of a computation: what a checkpoint has to hold."""

    def __init__(self, points, diffusivity, dt):
        self.step = 0
        self.factor = diffusivity * dt * (points - 1) ** 2
        self.u = [math.sin(math.pi * i / (points - 1)) for i in range(points)]

    def advance(self):
        u, r = self.u, self.factor
        inner = [b + r * (a - 2.0 * b + c) for a, b, c in zip(u, u[1:], u[2:])]
        self.u = [0.0, *inner, 0.0]
        self.step += 1

    def energy(self):
        return sum(value * value for value in self.u) / (len(self.u) - 1)

    def write_profile(self, folder):
        """The temperatures as CSV; whoever reads the file finds all of an older or a newer one."""
        path = os.path.join(folder, 'profile.csv')
        last = len(self.u) - 1
        with open(path + '.new', 'w') as file:
            file.write('x,u\n')
            file.writelines(f'{i / last!r},{value!r}\n' for i, value in enumerate(self.u))
        os.replace(path + '.new', path)

    def state(self):
        return {'step': self.step, 'factor': self.factor, 'u': self.u}

    def restore(self, state):
        self.step, self.factor, self.u = state['step'], state['factor'], state['u']


@process(
    id='heat',
    version='1.2.0',
    title='Heat equation',
    description='A rod that starts as a half sine and cools at both ends. Long enough to be watched, paused and stopped.'
    ' The newest temperatures are in profile.csv, also when it does not come to its end.',
    keywords=['simulation', 'partial differential equation'],
    inputs={
        'points': {'title': 'Grid points', 'schema': {'type': 'integer', 'minimum': 3, 'maximum': 5001, 'default': 401}},
        'steps': {'title': 'Time steps', 'schema': {'type': 'integer', 'minimum': 1, 'maximum': 10_000_000, 'default': 100_000}},
        'diffusivity': {'schema': {'type': 'number', 'exclusiveMinimum': 0, 'default': 1.0}},
        'safety': {
            'title': 'Time step as a fraction of the largest stable one',
            'schema': {'type': 'number', 'exclusiveMinimum': 0, 'maximum': 1, 'default': 0.4},
        },
    },
    outputs={
        'u': {'title': 'Temperature at the grid points', 'schema': {'type': 'array', 'items': {'type': 'number'}}},
        'maximum': {'schema': {'type': 'number'}},
        'energy': {'title': 'Integral of the square', 'schema': {'type': 'number'}},
        'time': {'title': 'Simulated time', 'schema': {'type': 'number'}},
    },
    deterministic=True,
    checkpointable=True,
    keepFiles=True,
)
def heat(points, steps, diffusivity, safety, context):
    dt = safety * 0.5 / (points - 1) ** 2 / diffusivity
    rod = Rod(points, diffusivity, dt)
    every = max(1, steps // 200)
    if context.restored:
        rod.restore(context.restored)
        print(f'goes on from step {rod.step}')
    else:
        print(f'{points} points, {steps} steps of {dt:.3e}')
    rod.write_profile(context.workdir)
    written = time.monotonic()
    while rod.step < steps:
        rod.advance()
        if rod.step % every == 0:
            context.progress(100.0 * rod.step / steps, f'step {rod.step}')
            context.metric('maximum', max(rod.u), rod.step)
            context.metric('energy', rod.energy(), rod.step)
            if time.monotonic() - written > 0.5:
                rod.write_profile(context.workdir)
                written = time.monotonic()
        if context.checkpoint_due(0.2):
            context.checkpoint(rod.state())
    rod.write_profile(context.workdir)
    return {'u': rod.u, 'maximum': max(rod.u), 'energy': rod.energy(), 'time': steps * dt}
