"""A damped pendulum with a motor at its hinge: the engine that comes along."""

import math

GRAVITY = 9.81


class Pendulum:
    def __init__(self, length, mass, damping, angle, velocity):
        """Metres, kilograms, newton metre seconds, radians from hanging down, radians a second."""
        self.length = length
        self.mass = mass
        self.damping = damping
        self.angle = angle
        self.velocity = velocity
        self.torque = 0.0

    def acceleration(self, angle, velocity):
        inertia = self.mass * self.length ** 2
        return -GRAVITY / self.length * math.sin(angle) + (self.torque - self.damping * velocity) / inertia

    def step(self, dt):
        """One step of the classical Runge-Kutta method."""
        angle, velocity = self.angle, self.velocity
        a1 = self.acceleration(angle, velocity)
        v2 = velocity + dt / 2 * a1
        a2 = self.acceleration(angle + dt / 2 * velocity, v2)
        v3 = velocity + dt / 2 * a2
        a3 = self.acceleration(angle + dt / 2 * v2, v3)
        v4 = velocity + dt * a3
        a4 = self.acceleration(angle + dt * v3, v4)
        self.angle = angle + dt / 6 * (velocity + 2 * v2 + 2 * v3 + v4)
        self.velocity = velocity + dt / 6 * (a1 + 2 * a2 + 2 * a3 + a4)

    def data_packs(self):
        speed = self.length * self.velocity
        height = self.length * (1 - math.cos(self.angle))
        return {
            'state': {'angle': self.angle, 'velocity': self.velocity},
            'energy': {'total': self.mass * (GRAVITY * height + speed ** 2 / 2)},
        }

    def take(self, packs):
        """Takes the data pack `motor`: {'torque': newton metres}, until the next one."""
        for name, values in packs.items():
            if name != 'motor' or set(values) != {'torque'}:
                raise ValueError(f'a pendulum takes {{"motor": {{"torque": …}}}}, and not {name}')
            self.torque = float(values['torque'])
