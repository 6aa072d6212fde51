// Makes operations for hosts and follows them. Exit code 1 when one of them fails.
import { Host, HostOperation } from '../../../shared/api/flotilla/v1.ts'
import { Node } from '../../../shared/api/core/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { isAlreadyExists } from '../../../shared/machinery/status.ts'
import { revokeNode } from '../../../shared/machinery/revoke-certificates.ts'
import { patientClock } from '../patient-clock.ts'
import { CommandError } from '../../process/usage-error.ts'
import { type OutputFormat, parseOutput } from '../progress.ts'
import { Answerer, type AnswerFlags } from './answerer.ts'
import { connectApi } from '../../data-folder/api.ts'
import { teller } from './events.ts'
import { follow } from './follow.ts'
import type { NewHost } from './inventory.ts'
import { namedHost } from './named-host.ts'

export interface OperateFlags extends AnswerFlags {
  readonly dataDir: string
  /** As OutputFormat. */
  readonly output?: string
  /** Nobody looks at the plan. */
  readonly yes?: boolean
  /** Remove: the host is not asked. */
  readonly forget?: boolean
  /** Undo: which step of joining. */
  readonly step?: string
}

/** @throws UsageError, before anything is done */
const formatOf = ({ output = 'text' }: OperateFlags): OutputFormat => parseOutput(output)

export async function add(hosts: readonly NewHost[], flags: OperateFlags): Promise<void> {
  formatOf(flags)
  await using api = connectApi(flags.dataDir)
  for (const host of hosts) await ensureHost(api.client, host)
  await run(api.client, 'Join', hosts.map(({ name }) => name), flags) // prettier-ignore
}

/** The same address again is the same host: what is missing is done. */
async function ensureHost(client: Client, { name, spec }: NewHost): Promise<void> {
  try {
    await client.create(Host, { metadata: { name }, spec })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    const known = await client.get(Host, { name })
    if (known.spec.address !== spec.address) throw new CommandError(whatIsThere(known))
    await client.patch(Host, { name }, { spec }, { type: 'merge' })
  }
}

const whatIsThere = ({ metadata: { name }, spec: { address }, status }: Host): string =>
  status.nodeName === undefined
    ? `${name} is ${address}, which has not joined yet; to have another address in its place: flotilla node remove ${name} --forget`
    : `there is another host ${name} (${address}); give this one another name with --name`

const adviceFor = (name: string, action: string): string =>
  action === 'Check'
    ? `; one that is new is looked at, and changed only when you say so, by: flotilla node add ${name}`
    : ''

/** @param names of Hosts; none = all */
export async function operate(action: string, names: readonly string[], flags: OperateFlags): Promise<void> {
  formatOf(flags)
  await using api = connectApi(flags.dataDir)
  if (action === 'Remove' && flags.forget) names = await forgetNodes(api.client, names, flags)
  if (action === 'Remove' && names.length === 0) return
  const chosen = names.length > 0 ? [...new Set(names)] : await hostsFor(action, api.client)
  for (const name of chosen) await namedHost(api.client, name, adviceFor(name, action))
  if (chosen.length === 0)
    throw new CommandError(
      `there are no hosts${needsAgent(action) ? ' that have joined' : ''}; add one with: flotilla node add user@host`,
    )
  await run(api.client, action, chosen, flags)
}

const needsAgent = (action: string): boolean => action === 'Upgrade' || action === 'Restart'

/** What is done to agents is done where there are some. */
async function hostsFor(action: string, client: Client): Promise<string[]> {
  const { items } = await client.list(Host)
  return items
    .filter(({ status }) => !needsAgent(action) || status.nodeName !== undefined)
    .map(({ metadata }) => metadata.name)
}

/**
 * Nodes that joined by themselves have no Host: their pods go with them, and their certificates are refused.
 * @returns the names that are hosts'
 */
async function forgetNodes(client: Client, names: readonly string[], flags: OperateFlags): Promise<readonly string[]> {
  const hosts = new Set((await client.list(Host)).items.map(({ metadata }) => metadata.name))
  const nodes = new Set((await client.list(Node)).items.map(({ metadata }) => metadata.name))
  const tell = teller(formatOf(flags))
  const forgotten = names.filter(name => !hosts.has(name) && nodes.has(name))
  for (const name of forgotten) {
    await revokeNode(client, patientClock, name, 'flotilla node remove --forget')
    await client.delete(Node, { name })
    const message = `${name} is forgotten; to clean it up, on it: sudo /opt/flotilla/bin/remove`
    tell({ type: 'result', host: name, phase: 'Succeeded', message })
  }
  return names.filter(name => !forgotten.includes(name))
}

async function run(client: Client, action: string, hosts: readonly string[], flags: OperateFlags): Promise<void> {
  const approved = flags.yes ?? false
  const made: string[] = []
  for (const hostName of hosts) {
    const { metadata } = await client.create(HostOperation, {
      metadata: { generateName: `${hostName.slice(0, 40)}-${action.toLowerCase()}-` },
      spec: {
        hostName,
        action,
        approved,
        ...(flags.forget ? { force: true } : {}),
        ...(flags.step === undefined ? {} : { step: flags.step }),
      },
    })
    made.push(metadata.name)
  }
  const ended = await follow(made, { client, answerer: new Answerer(flags), approved, tell: teller(formatOf(flags)) })
  const failed = ended.filter(({ status }) => status.phase !== 'Succeeded').length
  if (failed > 0)
    throw new CommandError(ended.length === 1 ? 'it did not succeed; see above' : `${failed} of ${ended.length} did not succeed; see above`) // prettier-ignore
}
