import type { Traced } from '@warren/contracts'
import type { Account } from './account.ts'

type Node = Readonly<Record<string, unknown>>

const endings: Readonly<Record<string, string>> = {
  successful: 'http://schema.org/CompletedActionStatus',
  failed: 'http://schema.org/FailedActionStatus',
  dismissed: 'http://schema.org/FailedActionStatus',
}

/** An RO-Crate 1.1 whose data is on the web, after the profile Process Run Crate 0.5: one action, and what it used and made. */
export function roCrate({ base, job, process, inputs, outputs, kept }: Account): Node {
  const self = `${base}/jobs/${job.id}`
  const tool = `${base}/processes/${job.processId}`
  const objects = inputs.map((input) => toNode(input, `${self}#input-`))
  const results = [
    ...outputs.map((output) => toNode(output, `${self}/results/`)),
    ...kept.map((file) => toNode(file, `${self}/files/`)),
  ]
  const files = unique([...objects, ...results]).filter((node) => node['@type'] === 'File')
  const executor = `${base}/rel/executor/${job.executorId ?? 'none'}`
  const owner = `${base}/rel/principal/${encodeURIComponent(job.owner)}`
  const profile = 'https://w3id.org/ro/wfrun/process/0.5'
  return {
    '@context': ['https://w3id.org/ro/crate/1.1/context', { sha256: 'https://w3id.org/ro/terms/workflow-run#sha256' }],
    '@graph': [
      {
        '@id': 'ro-crate-metadata.json',
        '@type': 'CreativeWork',
        about: { '@id': './' },
        conformsTo: { '@id': 'https://w3id.org/ro/crate/1.1' },
      },
      {
        '@id': './',
        '@type': 'Dataset',
        name: `${process.title ?? job.processId}, job ${job.id}`,
        description: `What job ${job.id} of the process ${job.processId} used and made`,
        datePublished: job.finishedAt ?? job.updatedAt,
        license: { '@id': `${self}#license` },
        conformsTo: { '@id': profile },
        hasPart: files.map(reference),
        mentions: [{ '@id': self }],
      },
      {
        '@id': `${self}#license`,
        '@type': 'CreativeWork',
        name: 'Not stated',
        description: 'The owner of the job decides',
      },
      { '@id': profile, '@type': 'CreativeWork', name: 'Process Run Crate', version: '0.5' },
      {
        '@id': self,
        '@type': 'CreateAction',
        name: `Run of ${job.processId}`,
        instrument: { '@id': tool },
        agent: { '@id': owner },
        ...(job.executorId !== null && { location: { '@id': executor } }),
        ...(job.startedAt !== null && { startTime: job.startedAt }),
        ...(job.finishedAt !== null && { endTime: job.finishedAt }),
        actionStatus: { '@id': endings[job.state] ?? 'http://schema.org/ActiveActionStatus' },
        ...(job.problem && { error: whyNot(job.problem) }),
        object: objects.map(reference),
        result: results.map(reference),
      },
      {
        '@id': tool,
        '@type': 'SoftwareApplication',
        name: process.title ?? job.processId,
        url: tool,
        ...(process.version !== undefined && { version: process.version, softwareVersion: process.version }),
        ...(process.digest !== undefined && { sha256: process.digest }),
      },
      { '@id': owner, '@type': 'Person', name: job.owner },
      ...(job.executorId === null ? [] : [{ '@id': executor, '@type': 'Place', name: `Executor ${job.executorId}` }]),
      ...unique([...objects, ...results]),
    ],
  }
}

function whyNot({ code, title, detail }: NonNullable<Account['job']['problem']>): string {
  return `${code}: ${typeof detail === 'string' ? detail : title}`
}

/** A file by its URL; a value that is none as a property of its own. */
function toNode({ name, sha256, size, type, href }: Traced, prefix: string): Node {
  return {
    '@id': href ?? `${prefix}${encodeURIComponent(name)}`,
    '@type': href === null ? 'PropertyValue' : 'File',
    name,
    encodingFormat: type,
    ...(sha256 !== null && { sha256 }),
    ...(size !== null && { contentSize: String(size) }),
  }
}

function reference(node: Node): Node {
  return { '@id': node['@id'] }
}

/** A crate describes each thing once. */
function unique(nodes: readonly Node[]): Node[] {
  return [...new Map(nodes.map((node) => [node['@id'], node])).values()]
}
