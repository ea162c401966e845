import { accessSync, constants, globSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { inheritedEnv } from './config.ts'

/** RabbitMQ as the host has it. */
export type RabbitmqHost = {
  /** The real server script: the wrapper of Debian's package insists on the user rabbitmq. */
  server: string
  /** Erlang's port mapper; without one the broker starts its own. */
  epmd: string | undefined
}

/** Finds RabbitMQ on this host. */
export function findRabbitmq(): RabbitmqHost | undefined {
  const places = [
    '/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server',
    '/usr/lib/rabbitmq/bin/rabbitmq-server',
    '/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server',
    '/usr/local/opt/rabbitmq/sbin/rabbitmq-server',
  ]
  const server =
    places.flatMap((place) => globSync(place).toSorted().toReversed()).find(executable) ?? which('rabbitmq-server')
  if (!server || !which('erl')) return undefined
  return { server, epmd: findEpmd() }
}

/** The first executable of this name on the PATH. */
export function which(name: string): string | undefined {
  const folders = (inheritedEnv()['PATH'] ?? '').split(delimiter)
  return [...folders, '/usr/sbin', '/opt/homebrew/bin'].map((folder) => join(folder, name)).find(executable)
}

function findEpmd(): string | undefined {
  const erl = which('erl')
  if (!erl) return undefined
  // erl lives in <root>/bin, and epmd beside it or in <root>/erts-<version>/bin.
  const root = dirname(dirname(realpathSync(erl)))
  const places = [join(root, 'erts-*/bin/epmd'), join(root, 'lib/erlang/erts-*/bin/epmd')]
  return which('epmd') ?? places.flatMap((place) => globSync(place)).find(executable)
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
