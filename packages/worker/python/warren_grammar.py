"""Processes whose inputs and outputs follow from their options."""

import json

from warren_values import Failure, input_converter


class BadOption(Exception):
    """Raised by a grammar: the options fit their schemas and are wrong all the same; `path` says where."""

    def __init__(self, path, message):
        super().__init__(message)
        self.path = list(path)


class Parametric:
    """The declaration that follows from some options. It is kept: runs with the same ones come one after another."""

    def __init__(self, declared, grammar):
        self.declared = {**declared, 'parametric': True}
        self.grammar = grammar
        self.convert = {
            name: input_converter(given) for name, given in declared['inputs'].items() if given.get('option')
        }
        self.last = None

    def declaration_with(self, inputs):
        defaults = self.declared['inputs']
        options = {
            name: convert(inputs.get(name, defaults[name]['schema'].get('default')))
            for name, convert in self.convert.items()
        }
        text = json.dumps(options)
        last = self.last
        if last and last[0] == text:
            return last[1]
        more = self.grammar(**options)
        twice = [name for name in more['inputs'] if name in defaults]
        if twice:
            raise Failure('PROCESS_FAILED', f'the input {twice[0]} is an option')
        declaration = {**self.declared, 'inputs': {**defaults, **more['inputs']}, 'outputs': more['outputs']}
        self.last = (text, declaration)
        return declaration

    def described_with(self, options):
        """The answer to a `describe` with options."""
        try:
            return {'type': 'described', 'processes': [self.declaration_with(options)]}
        except Exception as error:
            path = error.path if isinstance(error, BadOption) else []
            message = str(error) or type(error).__name__
            return {'type': 'described', 'processes': [], 'error': {'path': path, 'message': message}}
