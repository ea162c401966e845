"""Linear least squares by Householder reflections, which do not square the condition number as normal equations do."""

import math


def solve(rows, values):
    """The coefficients that minimise |rows x coefficients - values|; raises ValueError if they are not determined."""
    a = [[*row, value] for row, value in zip(rows, values)]
    n = len(rows[0])
    for k in range(n):
        norm = math.sqrt(sum(row[k] ** 2 for row in a[k:]))
        if norm < 1e-12:
            raise ValueError('the measurements do not determine the fit')
        alpha = -math.copysign(norm, a[k][k])
        v = [row[k] for row in a[k:]]
        v[0] -= alpha
        square = sum(x * x for x in v)
        for j in range(k, n + 1):
            scale = 2 * sum(x * row[j] for x, row in zip(v, a[k:])) / square
            for x, row in zip(v, a[k:]):
                row[j] -= scale * x
    solution = [0.0] * n
    for k in reversed(range(n)):
        solution[k] = (a[k][n] - sum(a[k][j] * solution[j] for j in range(k + 1, n))) / a[k][k]
    return solution
