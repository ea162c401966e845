"""Tells more than anybody could hear."""

import time

from warren import process


@process(
    id='teller',
    version='1.0.0',
    title='Teller',
    description='Tells the same name again and again for a while, another one once, and what is too long.',
    inputs={'seconds': {'schema': {'type': 'number', 'default': 1}}},
    outputs={'told': {'schema': {'type': 'integer'}}},
)
def teller(seconds, context):
    told = 0
    context.tell('long', 'x' * 70_000)
    context.tell('once', {'list': [1.5, None, 'ä']})
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        told += 1
        context.tell('count', told)
        time.sleep(0.002)
    return told
