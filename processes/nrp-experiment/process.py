"""Runs an experiment of the Neurorobotics Platform: main_script.py advances engines step by step by `nrp.run_loop()`."""

import logging
import os

from warren import Cancelled, Failure, process

from nrp_experiment.configuration import read_configuration
from nrp_experiment.folder import open_folder, zip_logs
from nrp_experiment.reports import Reports
from nrp_experiment.script import run_script
from nrp_experiment.simulation import Simulation


@process(
    id='nrp-experiment',
    version='1.0.0',
    title='NRP experiment',
    description='An experiment of the Neurorobotics Platform 4: a folder with a configuration and a script. It can be paused'
    ' and stopped between steps, tells how far it is, and keeps its logs and whatever the script writes.',
    keywords=['simulation', 'neurorobotics', 'NRP'],
    inputs={
        'experiment': {
            'title': 'The folder of the experiment',
            'schema': {'type': 'string', 'format': 'folder'},
        },
        'configuration': {
            'title': 'Name of the configuration in it',
            'schema': {'type': 'string', 'minLength': 1, 'default': 'simulation_config.json'},
        },
        'mainScript': {
            'title': 'Name of the script in it',
            'schema': {'type': 'string', 'minLength': 1, 'default': 'main_script.py'},
        },
    },
    outputs={
        'simulationTime': {'title': 'Simulated time, s', 'schema': {'type': 'number'}},
        'realTime': {'title': 'Time that the engines took for it, s', 'schema': {'type': 'number'}},
        'simulationTimeLeft': {'title': 'Simulated time until the timeout, s', 'schema': {'type': 'number'}},
        'steps': {'title': 'Steps of the simulation', 'schema': {'type': 'integer'}},
        'outcome': {
            'title': 'Whether the script came to its end, or the time was over before that',
            'schema': {'enum': ['finished', 'timeout']},
        },
        'logs': {
            'title': 'All logs of the experiment',
            'schema': {'type': 'string', 'format': 'file', 'contentMediaType': 'application/zip'},
        },
    },
    yields=True,
    keepFiles=True,
)
def nrp_experiment(experiment, configuration, mainScript, context):
    folder = open_folder(experiment, context.workdir)
    reports = Reports(context)
    logger, handler = open_log(folder, mainScript, context.id)
    stopped = False
    try:
        simulation = Simulation(read_configuration(folder, configuration), reports.rest)
        reports.begin(simulation)
        timeout = run_script(folder, mainScript, simulation, logger)
        if timeout:
            reports.error(timeout)
    except Failure as failure:
        reports.error(failure)
        failure.more.update(reports.times())
        raise
    except Cancelled:
        stopped = True
        reports.stop_begins()
        raise
    finally:
        reports.end()
        logger.removeHandler(handler)
        handler.close()
        logs = zip_logs(folder, context.workdir, context.id)
        # whether it has completed or failed is known when its files are kept
        reports.status('stopped' if stopped else 'started')
        if stopped:
            reports.stop_is_done()
    return {
        **reports.times(),
        'steps': simulation.steps,
        'outcome': 'timeout' if timeout else 'finished',
        'logs': logs,
    }


def open_log(folder, script, simulation):
    """The logger that the script has: its lines are in a file, and in the log of the job."""
    stem = os.path.splitext(os.path.basename(script))[0]
    logger = logging.getLogger(f'{stem}_{simulation}')
    logger.setLevel(logging.INFO)
    handler = logging.FileHandler(os.path.join(folder, f'{stem}_{simulation}.log'))
    handler.setFormatter(logging.Formatter('%(asctime)s %(levelname)s %(message)s'))
    logger.addHandler(handler)
    return logger, handler
