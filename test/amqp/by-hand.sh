#!/bin/sh
# Calls Warren with nothing but Debian's amqp-tools: by-hand.sh <AMQP URL>. Prints one answer a line.
set -eu
url=$1
replies=by-hand-$$

amqp-declare-queue -u "$url" -q "$replies" >/dev/null
trap 'amqp-delete-queue -u "$url" -q "$replies" >/dev/null' EXIT

# a run: the queue of a process serves this one operation, so nobody has to say which
amqp-publish -u "$url" -e warren.execute -r echo -t "$replies" -b '{ "inputs": { "text": "by hand" } }'
amqp-consume -u "$url" -q "$replies" -c 1 cat
echo

# other calls say by a header what they want, because amqp-publish cannot set the property "type"
amqp-publish -u "$url" -e warren.rpc -r registry -H 'type: registry.getProcess' -t "$replies" -b '{ "id": "echo" }'
amqp-consume -u "$url" -q "$replies" -c 1 cat
echo

amqp-publish -u "$url" -e warren.rpc -r executor -H 'type: executor.submit' -t "$replies" \
  -b '{ "processId": "echo", "inputs": { "text": "later" } }'
until job=$(amqp-get -u "$url" -q "$replies"); do sleep 0.05; done
echo "$job"

# what is wrong comes back as a problem
amqp-publish -u "$url" -e warren.rpc -r executor -H 'type: executor.getJob' -t "$replies" -b '{ "id": "nothing" }'
amqp-consume -u "$url" -q "$replies" -c 1 cat
echo
