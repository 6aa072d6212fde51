// `flotilla node list` and `flotilla node show`.
import { Host, HostOperation } from '../../../shared/api/flotilla/v1.ts'
import { Node } from '../../../shared/api/core/v1.ts'
import { conditionOf, isConditionTrue } from '../../../shared/machinery/conditions.ts'
import { byCreation } from '../../../shared/machinery/older.ts'
import { parseOutput } from '../progress.ts'
import { table } from '../table.ts'
import { connectApi } from '../../data-folder/api.ts'
import { findingText } from './events.ts'
import { namedHost } from './named-host.ts'

export async function list(dataDir: string, output: string): Promise<void> {
  const asJson = parseOutput(output) === 'json'
  await using api = connectApi(dataDir)
  const [hosts, nodes] = await Promise.all([api.client.list(Host), api.client.list(Node)])
  if (asJson) return console.log(JSON.stringify(hosts.items, null, 2))
  const ready = new Map(
    nodes.items.map(({ metadata, status }) => [metadata.name, isConditionTrue(status.conditions, 'Ready')]),
  )
  const ofHosts = new Set(hosts.items.map(({ status }) => status.nodeName))
  const rows = [
    ...hosts.items.map(({ metadata, spec, status }) => [
      metadata.name,
      spec.address,
      status.phase ?? 'Pending',
      status.nodeName ?? '-',
      status.nodeName === undefined ? '-' : ready.get(status.nodeName) ? 'Ready' : 'NotReady',
    ]),
    ...nodes.items
      .filter(({ metadata }) => !ofHosts.has(metadata.name))
      .map(({ metadata }) => [
        '-',
        'not over SSH',
        '-',
        metadata.name,
        ready.get(metadata.name) ? 'Ready' : 'NotReady',
      ]),
  ]
  console.log(
    rows.length > 0
      ? table([['HOST', 'ADDRESS', 'PHASE', 'NODE', 'STATUS'], ...rows])
      : 'no hosts and no nodes; add one with: flotilla node add user@host',
  )
}

export async function show(dataDir: string, name: string, output: string): Promise<void> {
  const asJson = parseOutput(output) === 'json'
  await using api = connectApi(dataDir)
  const host = await namedHost(api.client, name)
  if (asJson) return console.log(JSON.stringify(host, null, 2))
  const { items } = await api.client.list(HostOperation, { fieldSelector: `spec.hostName=${name}` })
  const last = items.toSorted(byCreation).at(-1)
  const { spec, status } = host
  const { facts = {} } = status
  const link = conditionOf(status.conditions, 'Connected')
  const lines: [string, string | number | undefined][] = [
    ['address', spec.address],
    ['phase', status.phase ?? 'Pending'],
    ['node', status.nodeName],
    ['link', link?.status === 'False' ? `down: ${link.message}; to look at it again: flotilla node check ${name}` : undefined],
    ['system', facts.osImage && `${facts.osImage}, Linux ${facts.kernel}, ${facts.architecture}`],
    ['docker', facts.dockerFirewallBackend ? `${facts.dockerVersion} (firewall: ${facts.dockerFirewallBackend})` : facts.dockerVersion],
    ['agent', status.agent?.bundle],
    ...(status.hostKeys ?? []).map(({ endpoint, fingerprint }): [string, string] => ['host key', `${endpoint} ${fingerprint}`]),
    ...(status.away ?? []).slice(-3).map(({ from, until, reason }): [string, string] => ['away', `${from} – ${until ?? 'now'} (${reason})`]),
    ['last', last && `${last.spec.action}: ${[last.status.phase, last.status.message].filter(Boolean).join(', ')}`],
  ] // prettier-ignore
  for (const [label, value] of lines) if (value) console.log(`${label.padEnd(10)}${value}`)
  for (const each of status.findings ?? []) console.log(`  ${findingText(each)}`)
}
