import type { Account } from './account.ts'

/** A literal of PROV-JSON with its type. */
interface Typed {
  readonly $: string
  readonly type: string
}

type Attributes = Readonly<Record<string, string | number | Typed>>

/** W3C PROV-JSON (member submission of 24 April 2013): the run, what it used, what it made, and who was responsible. */
export function provDocument(account: Account): Record<string, unknown> {
  const { job, base, process, inputs, outputs, kept } = account
  const activity = `job:${job.id}`
  const processId = `process:${job.processId}-${process.version ?? 'unknown'}`
  const executorId = `executor:${job.executorId ?? 'none'}`
  const owner = `principal:${encodeURIComponent(job.owner)}`
  const entities: Record<string, Attributes> = {
    [processId]: {
      'prov:type': qualified('prov:Plan'),
      'prov:label': process.title ?? job.processId,
      'warren:version': process.version ?? 'unknown',
      ...(process.digest !== undefined && { 'warren:sha256': process.digest }),
    },
  }
  const used: Record<string, Attributes> = {}
  const generated: Record<string, Attributes> = {}
  const of = { 'prov:activity': activity }
  for (const [index, input] of inputs.entries()) {
    const entity = `input:${job.id}.${index}`
    entities[entity] = describe(input)
    used[`_:u${index}`] = { ...of, 'prov:entity': entity, 'prov:role': input.name, ...at('prov:time', job.startedAt) }
  }
  for (const [index, output] of [...outputs, ...kept].entries()) {
    const entity = `output:${job.id}.${index}`
    entities[entity] = describe(output)
    const time = at('prov:time', job.finishedAt)
    generated[`_:g${index}`] = { ...of, 'prov:entity': entity, 'prov:role': output.name, ...time }
  }
  const ran = job.executorId !== null
  return {
    prefix: {
      job: `${base}/jobs/`,
      process: `${base}/processes/`,
      input: `${base}/rel/input/`,
      output: `${base}/rel/output/`,
      executor: `${base}/rel/executor/`,
      principal: `${base}/rel/principal/`,
      warren: `${base}/rel/`,
    },
    entity: entities,
    activity: {
      [activity]: {
        ...at('prov:startTime', job.startedAt),
        ...at('prov:endTime', job.finishedAt),
        'prov:label': `${job.processId} ${job.id}`,
        'warren:state': job.state,
        'warren:attempts': account.attempts.length,
      },
    },
    agent: {
      [owner]: { 'prov:type': qualified('prov:Agent'), 'prov:label': job.owner },
      ...(ran && {
        [executorId]: { 'prov:type': qualified('prov:SoftwareAgent'), 'prov:label': job.executorId as string },
      }),
    },
    ...notEmpty('used', used),
    ...notEmpty('wasGeneratedBy', generated),
    wasAssociatedWith: {
      '_:a0': { ...of, 'prov:agent': owner, 'prov:role': 'owner' },
      ...(ran && { '_:a1': { ...of, 'prov:agent': executorId, 'prov:plan': processId, 'prov:role': 'executor' } }),
    },
    ...(ran && { actedOnBehalfOf: { '_:d0': { 'prov:delegate': executorId, 'prov:responsible': owner, ...of } } }),
  }
}

function describe({ name, sha256, size, type, href }: Account['inputs'][number]): Attributes {
  return {
    'prov:label': name,
    'warren:mediaType': type,
    ...(sha256 !== null && { 'warren:sha256': sha256 }),
    ...(size !== null && { 'warren:size': size }),
    ...(href !== null && { 'prov:location': { $: href, type: 'xsd:anyURI' } }),
  }
}

function at(name: string, time: string | null): Record<string, string> {
  return time === null ? {} : { [name]: time }
}

function qualified(name: string): Typed {
  return { $: name, type: 'prov:QUALIFIED_NAME' }
}

function notEmpty(name: string, relations: Record<string, Attributes>): Record<string, unknown> {
  return Object.keys(relations).length > 0 ? { [name]: relations } : {}
}
