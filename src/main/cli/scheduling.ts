// `flotilla explain pod/NAME` and `flotilla what-if …`: where pods go, and where they would go. Changes nothing.
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { PodExplanation, WhatIf, type WhatIfSpec } from '../../shared/api/flotilla/scheduling-v1.ts'
import { apiVersionOf, collectionPath } from '../../shared/machinery/resource-type.ts'
import { dataDirOption } from './data-dir-option.ts'
import { parseOutput } from './progress.ts'
import { adminRequest } from '../data-folder/running-server.ts'
import { explanationText, whatIfText } from './scheduling-text.ts'
import { CommandError, UsageError } from '../process/usage-error.ts'

interface Common {
  readonly dataDir: string
  readonly output: string
}

const common = (command: Command): Command =>
  command.addOption(dataDirOption()).option('-o, --output <format>', 'text or json', 'text')

/** @param explain the command that tells why */
export function addSchedulingCommands(program: Command, explain: Command): void {
  common(explain.command('pod', { isDefault: true }))
    .description('why a pod is where it is, or why it waits: every node with each verdict and what would help')
    .argument('<pod>', 'pod/NAME')
    .option('-n, --namespace <name>', 'of the pod', 'default')
    .action(explainPod)
  const whatIf = program.command('what-if').description('where everything would land; nothing is changed')
  const nodes = (field: 'drain' | 'cordon' | 'uncordon', description: string) =>
    common(whatIf.command(field).description(description).argument('<node...>')).action(
      (names: string[], options: Common) => ask({ [field]: names }, options),
    )
  nodes('drain', 'when nodes are drained')
  nodes('cordon', 'when nodes are cordoned, and where their pods would go if they were replaced')
  nodes('uncordon', 'when nodes are uncordoned')
  common(whatIf.command('apply').description('when manifests are applied'))
    .requiredOption('-f, --filename <file...>', 'YAML or JSON; - reads stdin')
    .action(async (options: Common & { filename: string[] }) =>
      ask({ apply: (await Promise.all(options.filename.map(readManifests))).flat() }, options),
    )
  common(whatIf.command('scale').description('when a workload is scaled').argument('<workload>', 'KIND/NAME'))
    .requiredOption('--replicas <number>', 'how many pods it would have')
    .option('-n, --namespace <name>', 'of the workload', 'default')
    .action((target: string, options: Common & { replicas: string; namespace: string }) =>
      ask({ scale: [scaleOf(target, options)] }, options),
    )
}

async function explainPod(target: string, options: Common & { namespace: string }): Promise<void> {
  const json = parseOutput(options.output) === 'json'
  const [first = '', second, ...rest] = target.split('/')
  if (rest.length > 0 || (second !== undefined && !['pod', 'pods', 'po'].includes(first)))
    throw new UsageError(`"${target}" is not pod/NAME`)
  const review = await post<PodExplanation>(options.dataDir, PodExplanation, options.namespace, {
    podName: second ?? first,
  })
  console.log(json ? JSON.stringify(review.status, null, 2) : explanationText(second ?? first, review.status))
}

async function ask(spec: WhatIfSpec, options: Common): Promise<void> {
  const json = parseOutput(options.output) === 'json'
  const { status } = await post<WhatIf>(options.dataDir, WhatIf, undefined, spec)
  console.log(json ? JSON.stringify(status, null, 2) : whatIfText(status))
}

async function post<T>(
  dataDir: string,
  type: typeof PodExplanation | typeof WhatIf,
  namespace: string | undefined,
  spec: object,
): Promise<T> {
  const body = { apiVersion: apiVersionOf(type), kind: type.kind, spec }
  return (await adminRequest(dataDir, 'POST', collectionPath(type, namespace), body)) as T
}

const KINDS: Readonly<Record<string, string>> = {
  deployment: 'Deployment',
  deployments: 'Deployment',
  deploy: 'Deployment',
  replicaset: 'ReplicaSet',
  replicasets: 'ReplicaSet',
  rs: 'ReplicaSet',
  statefulset: 'StatefulSet',
  statefulsets: 'StatefulSet',
  sts: 'StatefulSet',
  replicationcontroller: 'ReplicationController',
  replicationcontrollers: 'ReplicationController',
  rc: 'ReplicationController',
}

function scaleOf(target: string, { replicas, namespace }: { replicas: string; namespace: string }) {
  const [word = '', name, ...rest] = target.split('/')
  const kind = Object.hasOwn(KINDS, word.toLowerCase()) ? KINDS[word.toLowerCase()] : undefined
  if (!kind || !name || rest.length > 0) throw new UsageError(`"${target}" is not KIND/NAME, such as deployment/web`)
  if (!/^\d{1,5}$/.test(replicas)) throw new UsageError(`--replicas wants a number, not "${replicas}"`)
  return { kind, namespace, name, replicas: Number(replicas) }
}

async function readManifests(file: string): Promise<object[]> {
  const { parseAllDocuments } = await import('yaml')
  const text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8').catch((error: Error) => {
    throw new CommandError(`${file}: ${error.message}`)
  })
  const documents = parseAllDocuments(text)
  return (Array.isArray(documents) ? documents : []).flatMap(document => {
    const [problem] = document.errors
    if (problem) throw new CommandError(`${file}: ${problem.message.split('\n')[0] ?? ''}`)
    const value: unknown = document.toJS()
    if (typeof value !== 'object' || value === null) return []
    const { kind, items } = value as { kind?: unknown; items?: unknown }
    return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items) ? (items as object[]) : [value]
  })
}
