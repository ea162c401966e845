"""Runs the script of an experiment, and says where it failed."""

import contextlib
import linecache
import logging
import os
import sys
import traceback

from warren import Failure

from nrp_experiment.folder import path_in
from nrp_experiment.simulation import Nrp, NRPSimulationTimeout


def run_script(folder, name, simulation, logger):
    """Returns how it ended: None, or the Failure of a simulation whose time was over. Raises Failure for all else."""
    path = path_in(folder, name)
    with open(path, 'rb') as file:
        text = file.read()
    try:
        code = compile(text, path, 'exec')
    except SyntaxError as error:
        raise Failure('Compile', error.msg, file=name, line=error.lineno or 0, offset=error.offset or 0,
                      lineText=(error.text or '').rstrip()) from None
    except ValueError as error:
        raise Failure('Compile', str(error), file=name) from None
    names = {'__name__': '__main__', '__file__': path, 'nrp': Nrp(simulation), 'logging': logging,
             'NRPSimulationTimeout': NRPSimulationTimeout, 'file_logger': logger}
    try:
        with _inside(folder):
            exec(code, names)
    except NRPSimulationTimeout as error:
        return _failure('SimTimeout', error, folder)
    except SystemExit as error:
        if error.code not in (None, 0):
            raise _failure('Runtime', error, folder) from None
    except Exception as error:
        raise _failure('Runtime', error, folder) from None
    return None


def _failure(kind, error, folder):
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(folder + os.sep)]
    began = frames.index(own[0]) if own else 0
    text = ''.join(['Traceback (most recent call last):\n', *traceback.format_list(frames[began:]),
                    *traceback.format_exception_only(type(error), error)]).replace(folder + os.sep, '')
    message = str(error) or type(error).__name__
    if not own:
        return Failure(kind, message, traceback=text)
    return Failure(kind, message, traceback=text, file=os.path.relpath(own[-1].filename, folder), line=own[-1].lineno,
                   offset=0, lineText=own[-1].line or '')


@contextlib.contextmanager
def _inside(folder):
    """Modules and paths are those of the experiment, and the next one of this process has its own."""
    before, known = os.getcwd(), set(sys.modules)
    os.chdir(folder)
    sys.path.insert(0, folder)
    linecache.checkcache()
    # it would be kept among what the script wrote
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        os.chdir(before)
        sys.path.remove(folder)
        sys.dont_write_bytecode = False
        for name in set(sys.modules) - known:
            if str(getattr(sys.modules[name], '__file__', '')).startswith(folder + os.sep):
                del sys.modules[name]
