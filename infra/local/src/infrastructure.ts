import { startBroker } from './broker.ts'
import type { Broker } from './broker.ts'
import type { Config } from './config.ts'
import { startDatabase } from './database.ts'
import type { Database } from './database.ts'
import { ensureRabbitmq } from './install-rabbitmq.ts'
import { keep } from './keeper.ts'
import type { Keeper } from './keeper.ts'
import type { Ledger } from './ledger.ts'
import type { Ports } from './ports.ts'
import { begin, say } from './report.ts'

/** Broker and database of a stack, ours or given. */
export type Infrastructure = {
  amqpUrl: string
  mqttUrl: string | undefined
  managementUrl: string | undefined
  databaseUrl: string
  /** Undefined when the broker is not ours. */
  brokerPid: number | undefined
  /** What of it we run ourselves. */
  keepers: Keeper[]
}

/** Starts what `AMQP_URL` and `DATABASE_URL` do not name, both at once. Every part is handed to `onPart` when it runs. */
export async function startInfrastructure(
  config: Config,
  place: { dir: string; ports: Ports; ledger: Ledger; signal: AbortSignal },
  onPart: (keeper: Keeper) => void,
): Promise<Infrastructure> {
  if (!config.amqpUrl) await ensureRabbitmq()
  place.signal.throwIfAborted()
  const keepers: Keeper[] = []
  const part = (keeper: Keeper) => {
    keepers.push(keeper)
    onPart(keeper)
  }
  const [broker, database] = await settled([ownBroker(config, place, part), ownDatabase(config, place, part)])
  return { ...broker, ...database, keepers }
}

type Place = { dir: string; ports: Ports; ledger: Ledger; signal: AbortSignal }
type BrokerUrls = Pick<Infrastructure, 'amqpUrl' | 'mqttUrl' | 'managementUrl' | 'brokerPid'>

async function ownBroker(config: Config, place: Place, part: (keeper: Keeper) => void): Promise<BrokerUrls> {
  const { amqpUrl, mqttUrl, managementUrl } = config
  if (amqpUrl) {
    say('broker', `using the one of AMQP_URL (${new URL(amqpUrl).host})`)
    return { amqpUrl, mqttUrl, managementUrl, brokerPid: undefined }
  }
  const done = begin('broker', 'starting RabbitMQ')
  const broker: Broker = await startBroker(place)
  part(keep('broker', broker, () => startBroker(place)))
  done(`RabbitMQ ${broker.version} on 127.0.0.1:${place.ports.amqp}`)
  return { ...broker, brokerPid: broker.pid }
}

async function ownDatabase(
  config: Config,
  place: Place,
  part: (keeper: Keeper) => void,
): Promise<{ databaseUrl: string }> {
  const { databaseUrl } = config
  if (databaseUrl) {
    say('database', `using the one of DATABASE_URL (${new URL(databaseUrl).host})`)
    return { databaseUrl }
  }
  const done = begin('database', 'starting Postgres')
  const again = () => startDatabase({ ...place, port: place.ports.postgres })
  const database: Database = await again()
  part(keep('database', database, again))
  done(`Postgres ${database.version} on 127.0.0.1:${place.ports.postgres}`)
  return database
}

/** Waits for both, also when the first fails: what still comes up must be known before it can be stopped. */
async function settled<A, B>(work: [Promise<A>, Promise<B>]): Promise<[A, B]> {
  await Promise.allSettled(work)
  return await Promise.all(work)
}
