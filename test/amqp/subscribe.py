"""A foreign subscriber: nothing of Warren's own, only the AMQP library python3-pika. Prints a line for each event."""

import sys

import pika


def main(url, pattern):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    queue = channel.queue_declare('', exclusive=True).method.queue
    channel.queue_bind(queue, 'warren.events', pattern)
    print('subscribed', flush=True)
    for method, _, body in channel.consume(queue, auto_ack=True):
        print(method.routing_key, body.decode(), flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
