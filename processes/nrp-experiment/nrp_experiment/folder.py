"""The folder of an experiment, and the logs in it."""

import fnmatch
import os
import shutil
import time
import zipfile

from warren import Failure

# What an earlier simulation has left behind
_left_behind = shutil.ignore_patterns('*.log', '*.log.zip', 'logs', '__pycache__')


def open_folder(given, workdir):
    """Where to work: the folder itself if it was made for this run, else a clone of it."""
    given, workdir = os.path.realpath(given), os.path.realpath(workdir)
    if not os.path.isdir(given):
        raise Failure('Loading', 'there is no such experiment')
    if given.startswith(workdir + os.sep):
        return given
    return shutil.copytree(given, os.path.join(workdir, 'experiment'), ignore=_left_behind)


def path_in(folder, name):
    """The path of a file of the experiment."""
    path = os.path.realpath(os.path.join(folder, name))
    if not path.startswith(folder + os.sep):
        raise Failure('Loading', f'{name} lies outside the experiment', file=name)
    if not os.path.isfile(path):
        raise Failure('Loading', f'the experiment has no {name}', file=name)
    return path


def zip_logs(folder, workdir, simulation):
    """All logs in one flat archive; gives its path."""
    path = os.path.join(workdir, f'{time.strftime("%Y%m%d-%H%M%S", time.gmtime())}_simulation_{simulation}.log.zip')
    with zipfile.ZipFile(path + '.new', 'w', zipfile.ZIP_DEFLATED) as archive:
        taken = set()
        for parent, _, names in sorted(os.walk(folder)):
            for name in sorted(fnmatch.filter(names, '*.log')):
                inside = os.path.relpath(os.path.join(parent, name), folder)
                archive.write(os.path.join(parent, name), name if name not in taken else inside.replace(os.sep, '_'))
                taken.add(name)
    os.replace(path + '.new', path)
    return path
