"""A foreign client: nothing of Warren's own, only the AMQP library python3-pika. Prints one JSON object."""

import json
import sys
import time
import uuid

import pika


class Caller:
    """Calls operations by direct reply-to: the answer comes back on the channel that asked."""

    def __init__(self, url):
        self.connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self.connection.channel()
        self.answers = {}
        self.channel.basic_consume('amq.rabbitmq.reply-to', self.answered, auto_ack=True)

    def answered(self, channel, method, properties, body):
        self.answers[properties.correlation_id] = (properties, json.loads(body))

    def call(self, exchange, key, operation, body, seconds=20):
        """Gives the headers and the body of the answer; a header `error` means that the body is a problem."""
        call = str(uuid.uuid4())
        properties = pika.BasicProperties(
            type=operation,
            correlation_id=call,
            reply_to='amq.rabbitmq.reply-to',
            expiration=str(seconds * 1000),
            content_type='application/json',
        )
        self.channel.basic_publish(exchange, key, json.dumps(body), properties, mandatory=True)
        until = time.monotonic() + seconds
        while call not in self.answers:
            if time.monotonic() > until:
                raise TimeoutError(operation)
            self.connection.process_data_events(0.1)
        properties, answer = self.answers.pop(call)
        return properties.headers or {}, answer


def main(url):
    caller = Caller(url)
    said = {}
    _, listed = caller.call('warren.rpc', 'registry', 'registry.listProcesses', {})
    said['listed'] = [process['id'] for process in listed['processes']]

    _, described = caller.call('warren.rpc', 'registry', 'registry.getProcess', {'id': 'echo'})
    said['described'] = {'id': described['id'], 'inputs': sorted(described['inputs'])}

    headers, said['results'] = caller.call(
        'warren.execute', 'echo', 'executor.execute', {'processId': 'echo', 'inputs': {'text': 'hi from Python'}}
    )
    said['job'] = {'id': headers['job-id'], 'status': headers['status']}

    request = {'processId': 'rosenbrock', 'inputs': {'x': [1.0, 1.0]}}
    _, job = caller.call('warren.rpc', 'executor', 'executor.submit', request)
    said['submitted'] = job['status']
    until = time.monotonic() + 20
    while job['status'] in ('accepted', 'running') and time.monotonic() < until:
        time.sleep(0.05)
        _, job = caller.call('warren.rpc', 'executor', 'executor.getJob', {'id': job['id']})
    said['ended'] = job['status']
    _, said['jobResults'] = caller.call('warren.rpc', 'executor', 'executor.getResults', {'id': job['id']})

    headers, problem = caller.call('warren.execute', 'echo', 'executor.execute', {'processId': 'echo', 'inputs': {}})
    said['failure'] = {'error': headers['error'], 'status': problem['status'], 'errors': problem['errors']}
    caller.connection.close()
    print(json.dumps(said))


if __name__ == '__main__':
    main(sys.argv[1])
