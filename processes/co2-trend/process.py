"""Trend and seasonal cycle of a monthly series, by default of carbon dioxide at Mauna Loa; see README.md."""

import csv as csv_format
import io
import math
import os
import pathlib
from datetime import date

from warren import process

from least_squares import solve

BUNDLED = pathlib.Path(__file__).with_name('co2.csv')
NUMBER = {'type': 'number'}
SERIES = {'type': 'array', 'items': NUMBER}


@process(
    id='co2-trend',
    version='1.1.0',
    title='Trend and seasonal cycle of carbon dioxide',
    description='Fits a polynomial trend and harmonics of the year to a series of measurements by least squares.',
    keywords=['climate', 'time series', 'regression'],
    inputs={
        'csv': {
            'title': 'Measurements',
            'description': 'CSV text with the columns Date (YYYY-MM-DD) and CO2 (ppm); without it the bundled Mauna Loa series.',
            'schema': {'type': 'string', 'contentMediaType': 'text/csv'},
            'minOccurs': 0,
        },
        'degree': {'title': 'Degree of the trend', 'schema': {'type': 'integer', 'minimum': 1, 'maximum': 5, 'default': 2}},
        'harmonics': {'title': 'Harmonics of the year', 'schema': {'type': 'integer', 'minimum': 1, 'maximum': 5, 'default': 2}},
    },
    outputs={
        'slope': {'title': 'Mean trend, ppm per year', 'schema': NUMBER},
        'slope_at_end': {'title': 'Trend at the last date, ppm per year', 'schema': NUMBER},
        'amplitude': {'title': 'Seasonal cycle from lowest to highest month, ppm', 'schema': NUMBER},
        'cycle': {'title': 'Seasonal cycle from January to December, ppm', 'schema': {**SERIES, 'minItems': 12, 'maxItems': 12}},
        'fitted': {'title': 'Fitted values at the dates of the series, ppm', 'schema': SERIES},
        'rmse': {'title': 'Root mean square of the residuals, ppm', 'schema': NUMBER},
        'n': {'title': 'Number of measurements', 'schema': {'type': 'integer'}},
        'table': {
            'title': 'The series with trend and fit, to plot',
            'description': 'CSV with the columns year (a fraction tells the day), co2, fitted and trend, ppm',
            'schema': {'type': 'string', 'format': 'file', 'contentMediaType': 'text/csv'},
        },
    },
    deterministic=True,
)
def co2_trend(degree, harmonics, context, csv=None):
    times, values = read_series(csv if csv is not None else BUNDLED.read_text())
    # Times scaled to [-1, 1] keep the columns of the trend well conditioned.
    middle, half = (times[0] + times[-1]) / 2, (times[-1] - times[0]) / 2
    scaled = [(time - middle) / half for time in times]
    rows = [trend(s, degree) + season(time, harmonics) for s, time in zip(scaled, times)]
    coefficients = solve(rows, values)
    polynomial, waves = coefficients[: degree + 1], coefficients[degree + 1:]
    fitted = [dot(row, coefficients) for row in rows]
    trends = [dot(trend(s, degree), polynomial) for s in scaled]
    with open(os.path.join(context.workdir, 'fitted.csv'), 'w', newline='') as file:
        table = csv_format.writer(file)
        table.writerow(['year', 'co2', 'fitted', 'trend'])
        table.writerows(zip(times, values, fitted, trends))
    cycle = [dot(season(month / 12, harmonics), waves) for month in range(12)]
    ends = [dot(trend(s, degree), polynomial) for s in (-1.0, 1.0)]
    return {
        'slope': (ends[1] - ends[0]) / (2 * half),
        'slope_at_end': sum(power * c for power, c in enumerate(polynomial)) / half,
        'amplitude': max(cycle) - min(cycle),
        'cycle': cycle,
        'fitted': fitted,
        'rmse': math.sqrt(sum((f - v) ** 2 for f, v in zip(fitted, values)) / len(values)),
        'n': len(values),
        'table': 'fitted.csv',
    }


def read_series(text):
    """Times in years and values in ppm, in order of time."""
    rows = csv_format.DictReader(io.StringIO(text))
    missing = {'Date', 'CO2'} - set(rows.fieldnames or ())
    if missing:
        raise ValueError(f'the CSV has no column {" and no column ".join(sorted(missing))}')
    series = sorted((year_of(row['Date']), float(row['CO2'])) for row in rows if row['CO2'])
    if len(series) < 24:
        raise ValueError(f'{len(series)} measurements are too few; two years of months are needed')
    return [time for time, _ in series], [value for _, value in series]


def year_of(text):
    day = date.fromisoformat(text)
    start, end = date(day.year, 1, 1), date(day.year + 1, 1, 1)
    return day.year + (day - start).days / (end - start).days


def trend(s, degree):
    return [s ** power for power in range(degree + 1)]


def season(time, harmonics):
    angles = [2 * math.pi * k * time for k in range(1, harmonics + 1)]
    return [wave(angle) for angle in angles for wave in (math.cos, math.sin)]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))
