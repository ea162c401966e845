"""simulation_config.json: what is read of it, and everything that is wrong with it."""

import json
import re
from decimal import Decimal

from warren import Failure

from nrp_experiment.folder import path_in

DATA_TRANSFER = 'datatransfer_grpc_engine'
PENDULUM = 'pendulum'
_most_seconds = Decimal(10) ** 9


class Configuration:
    """Times are decimal, as they are written: 0.3 is three times 0.1."""

    def __init__(self, timeout, timestep, engines):
        self.timeout = timeout
        self.timestep = timestep
        self.engines = engines

    @property
    def max_steps(self):
        return int(self.timeout // self.timestep)


def read_configuration(folder, name):
    """Raises Failure with all faults at once."""
    with open(path_in(folder, name), encoding='utf-8') as file:
        text = file.read()
    try:
        given = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise Failure('Loading', f'{name}: {error.msg}', file=name, line=error.lineno) from None
    except ValueError as error:
        raise Failure('Loading', f'{name}: {error}', file=name) from None
    faults = []
    configuration = _check(given, faults)
    if faults:
        raise Failure('Loading', f'{name}: ' + '; '.join(faults), file=name, faults=faults)
    return configuration


def _check(given, faults):
    if not isinstance(given, dict):
        faults.append('the configuration is no object')
        return None
    timeout = _number(given, 'SimulationTimeout', Decimal(0), faults, least=0)
    timestep = _number(given, 'SimulationTimestep', Decimal('0.01'), faults, above=0)
    engines = given.get('EngineConfigs')
    if not isinstance(engines, list):
        faults.append('EngineConfigs is no list')
        return None
    checked = [_engine(engine, f'EngineConfigs[{index}]', faults) for index, engine in enumerate(engines)]
    types = [engine.get('EngineType') for engine in engines if isinstance(engine, dict)]
    if types.count(DATA_TRANSFER) != 1:
        faults.append(f'EngineConfigs has {types.count(DATA_TRANSFER)} engines of type {DATA_TRANSFER}, and not one')
    names = [engine.get('EngineName') for engine in engines if isinstance(engine, dict)]
    for name in sorted({str(name) for name in names if name is not None and names.count(name) > 1}):
        faults.append(f'EngineConfigs has more than one engine with the name {name}')
    return Configuration(timeout, timestep, [engine for engine in checked if engine])


def _engine(given, path, faults):
    """The parameters of an engine that simulates something; None of one that does not."""
    if not isinstance(given, dict):
        faults.append(f'{path} is no object')
        return None
    kind = given.get('EngineType')
    # it becomes a part of topics
    if not re.fullmatch(r'[\w-]{1,30}', str(given.get('EngineName'))):
        faults.append(f'{path}.EngineName is no name of at most 30 letters, digits, _ and -')
    if kind == DATA_TRANSFER:
        # the broker is that of the platform
        if not isinstance(given.get('MQTTBroker', ''), str):
            faults.append(f'{path}.MQTTBroker is no text')
        return None
    if kind != PENDULUM:
        faults.append(f'{path}.EngineType is {json.dumps(kind, default=str)}; there are {PENDULUM} and {DATA_TRANSFER}')
        return None
    return {
        'name': given.get('EngineName'),
        'timestep': _number(given, 'EngineTimestep', Decimal('0.01'), faults, f'{path}.', above=0),
        'length': _number(given, 'Length', Decimal(1), faults, f'{path}.', above=0),
        'mass': _number(given, 'Mass', Decimal(1), faults, f'{path}.', above=0),
        'damping': _number(given, 'Damping', Decimal(0), faults, f'{path}.', least=0),
        'angle': _number(given, 'Angle', Decimal(1), faults, f'{path}.'),
        'velocity': _number(given, 'Velocity', Decimal(0), faults, f'{path}.'),
    }


def _number(given, name, default, faults, path='', least=None, above=None):
    value = given.get(name, default)
    if not isinstance(value, Decimal):
        faults.append(f'{path}{name} is no number')
    elif least is not None and value < least:
        faults.append(f'{path}{name} is {value}, less than {least}')
    elif above is not None and value <= above:
        faults.append(f'{path}{name} is {value}, and must be more than {above}')
    elif abs(value) > _most_seconds or 0 < abs(value) < 1 / _most_seconds:
        faults.append(f'{path}{name} is {value}, out of range')
    else:
        return value
    return default


def _refuse(constant):
    raise ValueError(f'{constant} is no JSON')
