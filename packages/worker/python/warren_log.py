"""The root handler of Python's logging: what a run logs becomes lines of its job's log, with their levels."""

import logging
import sys


class JobLog(logging.Handler):
    def __init__(self, context):
        super().__init__()
        self.context = context

    def emit(self, record):
        text = self.format(record)
        if record.name != 'root':
            text = f'{record.name}: {text}'
        context = self.context()
        if context:
            context.log(_level(record.levelno), text)
        else:
            print(text, file=sys.stderr)


def _level(number):
    if number >= logging.ERROR:
        return 'error'
    if number >= logging.WARNING:
        return 'warning'
    return 'info' if number >= logging.INFO else 'debug'


def install(context):
    """`context` returns that of the current run, or None. Levels below INFO are for those who ask for them."""
    root = logging.getLogger()
    root.addHandler(JobLog(context))
    root.setLevel(logging.INFO)
