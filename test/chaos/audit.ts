import { exchanges } from '@warren/contracts'
import { connect } from 'amqplib'

/** An event as a subscriber got it. */
export interface Told {
  readonly id: string
  readonly jobId: string
  /** Key in the contract, such as jobStarted */
  readonly event: string
}

const QUEUE = 'chaos.audit'

type Channel = Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createChannel']>>

/** A durable subscriber with plain AMQP, whose queue is there before anything happens and read when it is over. */
export async function bindAudit(amqpUrl: string): Promise<void> {
  await onBroker(amqpUrl, async (channel) => {
    await channel.assertExchange(exchanges.events, 'topic')
    await channel.assertQueue(QUEUE, { durable: true, arguments: { 'x-queue-type': 'classic' } })
    await channel.bindQueue(QUEUE, exchanges.events, 'job.#')
  })
}

/** Reads everything, until `enough` is content or nothing came for a while. */
export async function readAudit(
  amqpUrl: string,
  enough: (told: readonly Told[]) => boolean,
  idleMs: number,
): Promise<Told[]> {
  const told: Told[] = []
  await onBroker(amqpUrl, async (channel) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    let idle = setTimeout(resolve, idleMs)
    let looked = Date.now()
    await channel.consume(
      QUEUE,
      (message) => {
        if (!message) return resolve()
        const { id, type, data } = JSON.parse(message.content.toString()) as Envelope
        told.push({ id, jobId: data.jobId, event: type.split('.').at(-1) ?? '' })
        clearTimeout(idle)
        idle = setTimeout(resolve, idleMs)
        // to look is dear: it compares with all that was committed
        if (Date.now() - looked < 250) return
        looked = Date.now()
        if (enough(told)) resolve()
      },
      { noAck: true },
    )
    await promise
    clearTimeout(idle)
  })
  return told
}

interface Envelope {
  readonly id: string
  readonly type: string
  readonly data: { readonly jobId: string }
}

async function onBroker(amqpUrl: string, use: (channel: Channel) => Promise<void>): Promise<void> {
  const connection = await connect(amqpUrl)
  connection.on('error', () => {}) // what is under way rejects
  try {
    await use(await connection.createChannel())
  } finally {
    await connection.close()
  }
}
