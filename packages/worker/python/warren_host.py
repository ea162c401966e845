"""The Python runner host; docs/runner-protocol.md says what it speaks on file descriptor 3."""

import importlib.util
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback

import warren
import warren_log
from warren_memory import bound_memory
from warren_values import Failure

here = os.path.dirname(os.path.abspath(__file__))
YIELD_SECONDS = 0.25


class Host:
    """Answers the executor. Runs happen in the main thread, one at a time; a second thread reads what arrives."""

    fd = 3

    def __init__(self, folder):
        self.folder = folder
        self.runs = queue.SimpleQueue()
        self.calls = {}
        self.call_count = 0
        self.lock = threading.Lock()
        self.current = None
        self.computing = False
        self.cancelled_early = set()
        self.asked_early = set()
        self.paused_early = set()
        os.set_inheritable(self.fd, False)

    def serve(self):
        signal.signal(signal.SIGUSR1, self._interrupt)
        self.send({'type': 'ready'})
        threading.Thread(target=self._read, daemon=True).start()
        while True:
            message = self.runs.get()
            start_by = message.get('startBy')
            if start_by is not None and time.monotonic() * 1000 >= start_by or message['id'] in self.cancelled_early:
                self.cancelled_early.discard(message['id'])
                self.send({'type': 'returned', 'id': message['id']})
            else:
                self._write(self._run(message))

    def send(self, message):
        self._write(json.dumps(message, ensure_ascii=False, separators=(',', ':')))

    def send_text(self, kind, run_id, members):
        """A message with members that are JSON text already."""
        self._write(_text_line(kind, run_id, members))

    def call(self, run_id, process_id, inputs):
        answer = queue.SimpleQueue()
        self.call_count += 1
        number = str(self.call_count)
        self.calls[number] = answer
        self.send({'type': 'call', 'id': run_id, 'call': number, 'process': process_id, 'inputs': inputs})
        message = answer.get()
        if 'outputs' in message:
            return message['outputs']
        error = message['error']
        raise warren.CallError(error.get('code', 'INTERNAL'), error.get('detail') or error.get('message') or 'the call failed')

    def _run(self, message):
        context = warren.Context(self, message)
        with self.lock:
            self.current = context
            context.cancelled = context.id in self.cancelled_early
            context.asked = context.id in self.asked_early
            self.cancelled_early.discard(context.id)
            self.asked_early.clear()
            if context.id in self.paused_early:
                context.gate.ask()
            self.paused_early.clear()
        _enter(message.get('traceparent'))
        try:
            found = warren.processes.get(message['process'])
            if found is None:
                raise Failure('NO_SUCH_PROCESS', f"no process {message['process']} here")
            bound_memory(found.declaration)
            context.yields = found.declaration.get('yields', False)
            try:
                self.computing = True
                if context.cancelled:
                    raise warren.Cancelled()
                outputs = found.outputs(message, context)
            finally:
                self.computing = False
            return f'{{"type":"result","id":{json.dumps(context.id)},"outputs":{outputs}}}'
        except BaseException as error:
            self.computing = False
            if isinstance(error, warren.Suspended):
                return _text_line('checkpointed', context.id, f'"state":{error.state}')
            if context.cancelled:
                return _line({'type': 'error', 'id': context.id, 'code': 'CANCELLED', 'message': 'cancelled'})
            return _line({'type': 'error', 'id': context.id, **self.failure_of(error)})
        finally:
            self.current = None
            sys.stdout.flush()

    def failure_of(self, error, code='PROCESS_FAILED'):
        if isinstance(error, Failure):
            return {'code': error.code, 'message': str(error), **error.more}
        if isinstance(error, MemoryError):
            code = 'OUT_OF_MEMORY'
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if os.path.dirname(frame.filename) != here]
        text = ''.join(['Traceback (most recent call last):\n', *traceback.format_list(frames),
                        *traceback.format_exception_only(type(error), error)])
        failure = {'code': code, 'message': str(error) or type(error).__name__, 'traceback': text}
        own = [(frame.filename, frame.lineno) for frame in frames if frame.filename.startswith(self.folder)]
        if isinstance(error, SyntaxError) and error.filename:
            own.append((error.filename, error.lineno))
        return {**failure, 'file': own[-1][0], 'line': own[-1][1]} if own else failure

    def _read(self):
        with os.fdopen(os.dup(self.fd), 'rb', 1 << 20) as channel:
            for line in channel:
                self._receive(json.loads(line))
        # The executor is gone or has no more use for us; what a run has started goes with it.
        if self.current:
            os.killpg(0, signal.SIGKILL)
        os._exit(0)

    def _receive(self, message):
        kind = message['type']
        if kind == 'run':
            self.runs.put(message)
        elif kind == 'called':
            answer = self.calls.pop(message['call'], None)
            if answer:
                answer.put(message)
        elif kind == 'cancel':
            self._cancel(message['id'])
        elif kind == 'checkpoint':
            self._ask(message['id'])
        elif kind in ('pause', 'resume'):
            self._pause(message['id'], kind == 'pause')
        elif kind == 'describe':
            self.send({**_described(message), 'pipelining': True})

    def _cancel(self, run_id):
        with self.lock:
            context = self.current
            if context is None or context.id != run_id:
                self.cancelled_early.add(run_id)
                return
            context.cancelled = True
            context.gate.resume()
        threading.Thread(target=self._press, args=(context,), daemon=True).start()

    def _press(self, context):
        """Interrupts a run; a signal that comes right before a system call is not heard, and is sent again."""
        if context.yields:
            time.sleep(YIELD_SECONDS)  # at its next pause point it ends by itself
        while self.current is context and not context.ending:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
            time.sleep(0.02)

    def _ask(self, run_id):
        with self.lock:
            if self.current and self.current.id == run_id:
                self.current.asked = True
            else:
                self.asked_early.add(run_id)

    def _pause(self, run_id, wanted):
        with self.lock:
            if self.current and self.current.id == run_id:
                (self.current.gate.ask if wanted else self.current.gate.resume)()
            elif wanted:
                self.paused_early.add(run_id)
            else:
                self.paused_early.discard(run_id)

    def _interrupt(self, _signal, _frame):
        context = self.current
        if self.computing and context and context.cancelled and not context.ending:
            context.ending = True
            raise warren.Cancelled()

    def _write(self, line):
        data = memoryview(line.encode() + b'\n')
        with self.lock:
            while data:
                data = data[os.write(self.fd, data):]


def _described(message):
    found = warren.processes.get(message.get('process'))
    if found and found.parametric:
        return found.parametric.described_with(message.get('options', {}))
    return {'type': 'described', 'processes': [each.declaration for each in warren.processes.values()]}


def _line(message):
    return json.dumps(message, ensure_ascii=False, separators=(',', ':'))


def _text_line(kind, run_id, members):
    return f'{{"type":"{kind}","id":{json.dumps(run_id)},{members}}}'


def _enter(traceparent):
    """Tracing libraries, and programs that the run starts, find the trace in the environment."""
    if traceparent is not None:
        os.environ['TRACEPARENT'] = traceparent
    else:
        os.environ.pop('TRACEPARENT', None)


def main(entry):
    entry = os.path.abspath(entry)
    folder = os.path.dirname(entry)
    host = Host(folder)
    sys.stdout.reconfigure(line_buffering=True, errors='backslashreplace')
    sys.path.insert(0, folder)
    warren_log.install(lambda: host.current)
    try:
        spec = importlib.util.spec_from_file_location('warren_entry', entry)
        module = importlib.util.module_from_spec(spec)
        sys.modules['warren_entry'] = module
        spec.loader.exec_module(module)
        if not warren.processes:
            raise Failure('LOAD_FAILED', f'{entry} declares no process; decorate a function with @process(...)')
    except BaseException as error:
        host.send({'type': 'error', 'id': '', **host.failure_of(error, 'LOAD_FAILED')})
        sys.exit(1)
    host.serve()
