"""Work that takes time, and says how it went: what control of a run is tested with."""

import os
import subprocess
import sys
import time

from warren import process

BURN = 'while True: pass'


def write_pids(path, *pids):
    if path:
        with open(path + '.new', 'w') as file:
            file.write(' '.join(str(pid) for pid in pids))
        os.rename(path + '.new', path)


@process(
    id='crunch',
    version='1.0.0',
    title='Crunch',
    description='Adds numbers up for a while; beside it a child of its own burns time, if wanted.',
    inputs={
        'rounds': {'schema': {'type': 'integer', 'minimum': 1, 'default': 60}},
        'grandchild': {'schema': {'type': 'boolean', 'default': False}},
        'pidFile': {'schema': {'type': 'string', 'default': ''}},
    },
    outputs={'sum': {'schema': {'type': 'integer'}}, 'rounds': {'schema': {'type': 'integer'}}},
)
def crunch(rounds, grandchild, pidFile, context):
    helper = subprocess.Popen([sys.executable, '-c', BURN]) if grandchild else None
    write_pids(pidFile, os.getpid(), *([helper.pid] if helper else []))
    total = 0
    for done in range(rounds):
        for number in range(400_000):
            total = (total * 31 + number) % 1_000_003
        print(f'round {done}')
        context.progress(100.0 * done / rounds, f'round {done}')
    if helper:
        helper.kill()
        helper.wait()
    return {'sum': total, 'rounds': rounds}


@process(
    id='stubborn',
    version='1.0.0',
    title='Stubborn',
    description='A busy loop that never listens.',
    inputs={'pidFile': {'schema': {'type': 'string', 'default': ''}}},
    outputs={'never': {'schema': {'type': 'integer'}}},
)
def stubborn(pidFile):
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    write_pids(pidFile, os.getpid())
    print('here I am', flush=True)
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


@process(
    id='flaky',
    version='1.0.0',
    title='Flaky',
    description='Crashes until the given attempt.',
    inputs={'until': {'schema': {'type': 'integer', 'default': 2}}},
    outputs={'attempt': {'schema': {'type': 'integer'}}},
    retry={'attempts': 3, 'backoffMs': 50},
)
def flaky(until, context):
    if context.attempt < until:
        os._exit(7)
    return {'attempt': context.attempt}


@process(
    id='broken',
    version='1.0.0',
    title='Broken',
    description='Raises, or dies, in the way that is asked for.',
    inputs={'how': {'schema': {'enum': ['raise', 'exit', 'segfault']}}},
    outputs={'never': {'schema': {'type': 'integer'}}},
)
def broken(how):
    print('about to break', flush=True)
    if how == 'exit':
        os._exit(3)
    if how == 'segfault':
        import ctypes

        ctypes.string_at(0)
    raise ValueError('this script is broken')


@process(
    id='sleepy',
    version='1.0.0',
    title='Sleepy',
    description='Sleeps.',
    inputs={'seconds': {'schema': {'type': 'number', 'default': 1}}},
    outputs={'slept': {'schema': {'type': 'number'}}},
)
def sleepy(seconds):
    time.sleep(seconds)
    return {'slept': seconds}
