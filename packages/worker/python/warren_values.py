"""Values between JSON and Python: numbers by the grammar on the way in, what JSON can carry on the way out."""

import json
import math


class Failure(Exception):
    """An error that is told by its code; `more` are further members, such as `file`, `line` and `traceback`."""

    def __init__(self, code, message, **more):
        super().__init__(message)
        self.code = code
        self.more = more


def _same(value):
    return value


def input_converter(given):
    convert = _converter(given.get('schema') or {})
    if given.get('maxOccurs', 1) == 1:
        return convert
    return lambda values: [convert(value) for value in values] if isinstance(values, list) else convert(values)


def _converter(schema):
    """Numbers as the grammar has them: JSON writers of other languages print 1.0 as 1."""
    if not isinstance(schema, dict):
        return _same
    types = schema.get('type')
    if types == 'number' or isinstance(types, list) and 'number' in types and 'integer' not in types:
        return _float_or_named if schema.get('warren:nonFinite') is True else _float
    if types == 'integer' or isinstance(types, list) and 'integer' in types and 'number' not in types:
        return _int
    if 'items' in schema or 'prefixItems' in schema:
        prefix = [_converter(item) for item in schema.get('prefixItems', ())]
        item = _converter(schema.get('items') or {})
        return lambda value: [
            (prefix[index] if index < len(prefix) else item)(inner) for index, inner in enumerate(value)
        ] if isinstance(value, list) else value
    if 'properties' in schema:
        properties = {name: _converter(inner) for name, inner in schema['properties'].items()}
        return lambda value: {
            name: properties.get(name, _same)(inner) for name, inner in value.items()
        } if isinstance(value, dict) else value
    return _same


def _float(value):
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _float_or_named(value):
    return float(value) if value in ('NaN', 'Infinity', '-Infinity') else _float(value)


def _int(value):
    return int(value) if isinstance(value, float) and value.is_integer() else value


def plain(value, schema, path, above):
    if hasattr(value, 'tolist'):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        name = 'NaN' if math.isnan(value) else 'Infinity' if value > 0 else '-Infinity'
        if schema.get('warren:nonFinite') is True:
            return name
        raise Failure('BAD_RESULT', f'{path}: {name} is not a JSON number; the schema may allow it with '
                                    '"warren:nonFinite": true')
    if value is None or isinstance(value, (str, int, float)):
        return value
    if id(value) in above:
        raise Failure('BAD_RESULT', f'{path}: the value contains itself')
    above = (*above, id(value))
    if isinstance(value, (list, tuple)):
        prefix, rest = schema.get('prefixItems', ()), schema.get('items') or {}
        return [plain(inner, prefix[index] if index < len(prefix) else rest, f'{path}[{index}]', above)
                for index, inner in enumerate(value)]
    if isinstance(value, dict):
        properties = schema.get('properties', {})
        return {str(name): plain(inner, properties.get(name, {}), f'{path}.{name}', above)
                for name, inner in value.items()}
    raise Failure('BAD_RESULT', f'{path}: a {type(value).__name__} has no JSON form')


def encode(value, declared):
    """The outputs as JSON text; raises BAD_RESULT with the path of what cannot be carried."""
    value = named(value, declared)
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(',', ':'))
    except (TypeError, ValueError, RecursionError):
        # The slow way: it names the place, knows arrays of other libraries, and allows NaN where the schema does.
        checked = {name: plain(value[name], declared[name].get('schema') or {}, name, ()) for name in declared}
        return json.dumps(checked, allow_nan=False, ensure_ascii=False, separators=(',', ':'))


def encode_state(state, path='state'):
    """A state as JSON text that gives back the same numbers; raises BAD_RESULT with the path of what cannot be carried."""
    try:
        return json.dumps(state, allow_nan=False, ensure_ascii=False, separators=(',', ':'))
    except (TypeError, ValueError, RecursionError):
        return json.dumps(plain(state, {}, path, ()), allow_nan=False, ensure_ascii=False, separators=(',', ':'))


def named(value, declared):
    """The outputs by name: a function with one output may return its value alone."""
    if isinstance(value, dict) and set(value) == set(declared):
        return value
    if len(declared) == 1 and not (isinstance(value, dict) and next(iter(declared)) in value):
        return {next(iter(declared)): value}
    if not isinstance(value, dict):
        raise Failure('BAD_RESULT', f'outputs: expected a dictionary, got {type(value).__name__}')
    for name in declared:
        if name not in value:
            raise Failure('BAD_RESULT', f'{name}: the declared output is missing')
    raise Failure('BAD_RESULT', f'{next(name for name in value if name not in declared)}: no such output is declared')
