"""Talks while it works, in every way that a process has, and ends as it is told."""

import os
import signal
import sys
import time

from warren import process


@process(
    id='chatter',
    version='1.0.0',
    title='Chatter',
    description='Prints lines, says some with a level, measures, and ends well or badly.',
    inputs={
        'lines': {'schema': {'type': 'integer', 'minimum': 0, 'default': 10}},
        'pause': {'title': 'Seconds between lines', 'schema': {'type': 'number', 'default': 0}},
        'text': {'schema': {'type': 'string', 'default': 'line'}},
        'how': {'schema': {'type': 'string', 'enum': ['well', 'raise', 'kill', 'stay'], 'default': 'well'}},
    },
    outputs={'lines': {'schema': {'type': 'integer'}}},
    retry={'attempts': 2, 'backoffMs': 50},
)
def chatter(lines, pause, text, how, context):
    context.log('debug', 'begins')
    for number in range(lines):
        sys.stdout.write(f'{text} {number}\n')
        if pause:
            sys.stdout.flush()
            context.metric('number', number, number)
            time.sleep(pause)
    sys.stdout.flush()
    print('on the other stream', file=sys.stderr, flush=True)
    context.log('error', 'two\nlines')
    context.metric('done', 1)
    if how == 'raise':
        raise ValueError('as told')
    if how == 'kill':
        os.kill(os.getpid(), signal.SIGKILL)
    if how == 'stay':
        time.sleep(60)
    return {'lines': lines}
