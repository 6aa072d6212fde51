// `flotilla explain connection FROM TO [PORT]`: which network policies allow or deny a connection. Exit code 3 when it
// is denied.
import type { Command } from 'commander'
import type { Namespace, Node, Pod, Service } from '../../shared/api/core/v1.ts'
import type { EndpointSlice } from '../../shared/api/discovery/v1.ts'
import type { NetworkPolicy } from '../../shared/api/networking/v1.ts'
import { isIPv4 } from '../../shared/machinery/ipv4.ts'
import {
  type Connection,
  type ConnectionEnd,
  type ConnectionVerdict,
  explainConnection,
} from '../../shared/machinery/network-policy/explain.ts'
import { policyPodOf } from '../../shared/machinery/network-policy/policy-pod.ts'
import { dataDirOption } from './data-dir-option.ts'
import { parseOutput } from './progress.ts'
import { adminRequest } from '../data-folder/running-server.ts'
import { CommandError, UsageError } from '../process/usage-error.ts'

interface ExplainOptions {
  readonly dataDir: string
  readonly namespace: string
  readonly output: string
}

/** @returns the command that tells why, for more of its kind */
export function addExplainCommands(program: Command): Command {
  const explain = program.command('explain').description('tell why things are as they are')
  explain
    .command('connection')
    .description('why a connection is allowed or denied: exit code 0 or 3')
    .argument('<from>', '[NAMESPACE/]POD or an address')
    .argument('<to>', '[NAMESPACE/]POD, svc/[NAMESPACE/]NAME or an address')
    .argument('[port]', 'number or name, with /UDP or /SCTP when it is not TCP; a Service with one port needs none')
    .addOption(dataDirOption())
    .option('-n, --namespace <name>', 'of names without one', 'default')
    .option('-o, --output <format>', 'text or json', 'text')
    .action(async (from: string, to: string, port: string | undefined, options: ExplainOptions) => {
      const json = parseOutput(options.output) === 'json'
      const results = judge(await readCluster(options.dataDir), from, to, port, options.namespace)
      if (results.some(({ verdict }) => !verdict.allowed)) process.exitCode = 3
      console.log(json ? JSON.stringify(results, null, 2) : results.map(show).join('\n'))
    })
  return explain
}

interface Cluster {
  readonly pods: readonly Pod[]
  readonly nodes: readonly Node[]
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
  readonly namespaces: readonly Namespace[]
  readonly policies: readonly NetworkPolicy[]
}

async function readCluster(dataDir: string): Promise<Cluster> {
  const list = async <T>(path: string): Promise<T[]> =>
    ((await adminRequest(dataDir, 'GET', path)) as { items: T[] }).items
  const [pods, nodes, services, slices, namespaces, policies] = await Promise.all([
    list<Pod>('/api/v1/pods'),
    list<Node>('/api/v1/nodes'),
    list<Service>('/api/v1/services'),
    list<EndpointSlice>('/apis/discovery.k8s.io/v1/endpointslices'),
    list<Namespace>('/api/v1/namespaces'),
    list<NetworkPolicy>('/apis/networking.k8s.io/v1/networkpolicies'),
  ])
  return { pods, nodes, services, slices, namespaces, policies }
}

interface Result {
  readonly connection: Connection
  readonly verdict: ConnectionVerdict
}

function judge(cluster: Cluster, from: string, to: string, port: string | undefined, namespace: string): Result[] {
  const source = endOf(cluster, from, namespace)
  const labels = new Map(cluster.namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]))
  return targetsOf(cluster, to, port, namespace).map(target => {
    const connection = { from: source, ...target }
    const knowledge = { policies: cluster.policies, labelsOfNamespace: (name: string) => labels.get(name) }
    return { connection, verdict: explainConnection(connection, knowledge) }
  })
}

type Target = Omit<Connection, 'from'>

function targetsOf(cluster: Cluster, to: string, port: string | undefined, namespace: string): Target[] {
  const service = /^(?:svc|service)\/(.+)$/.exec(to)?.[1]
  if (service !== undefined) return behindService(cluster, service, port, namespace)
  const end = endOf(cluster, to, namespace)
  if (port === undefined) throw new UsageError(`a port is needed, such as 80 or 53/UDP`)
  const [text = '', protocol = 'TCP'] = port.split('/')
  const named = end.pod?.ports.find(({ name, protocol: its }) => name === text && its === protocol.toUpperCase())
  const number = named?.port ?? (/^\d{1,5}$/.test(text) ? Number(text) : NaN)
  if (!(number >= 1 && number <= 65_535)) throw new UsageError(`"${port}" is no port of ${to}`)
  return [{ to: end, protocol: protocol.toUpperCase(), port: number }]
}

/** A Service is not what policies see: they see each endpoint behind it. */
function behindService(cluster: Cluster, text: string, port: string | undefined, namespace: string): Target[] {
  const [ns, name] = splitName(text, namespace)
  const service = cluster.services.find(({ metadata }) => metadata.namespace === ns && metadata.name === name)
  if (!service) throw new CommandError(`there is no service ${ns}/${name}`)
  const ports = service.spec.ports ?? []
  const [wanted, protocol = 'TCP'] = port?.split('/') ?? []
  const found = ports.filter(
    ({ port: number, name: portName, protocol: its = 'TCP' }) =>
      wanted === undefined || ((`${number}` === wanted || portName === wanted) && its === protocol.toUpperCase()),
  )
  const [only] = found
  if (!only || found.length > 1) {
    const names = ports.map(({ port: number, protocol: its = 'TCP' }) => `${number}/${its}`).join(', ')
    throw new UsageError(`say which port of the service: ${names}`)
  }
  const targets = cluster.slices
    .filter(({ metadata }) => metadata.namespace === ns && metadata.labels?.['kubernetes.io/service-name'] === name)
    .flatMap(({ endpoints = [], ports: slicePorts = [] }) => {
      const number = slicePorts.find(({ name: its = '' }) => its === (only.name ?? ''))?.port
      const addresses = endpoints.flatMap(endpoint => endpoint.addresses.slice(0, 1))
      return number === undefined ? [] : addresses.map(ip => ({ to: endOf(cluster, ip, ns), port: number }))
    })
  if (targets.length === 0) throw new CommandError(`service ${ns}/${name} has no endpoints: connections are refused`)
  return targets.map(target => ({ ...target, protocol: only.protocol ?? 'TCP' }))
}

function endOf({ pods, nodes }: Cluster, text: string, namespace: string): ConnectionEnd {
  if (isIPv4(text)) {
    const pod = pods.map(policyPodOf).find(({ ips, hostNetwork }) => !hostNetwork && ips.includes(text))
    const node = nodes.find(({ status }) => status.addresses?.some(({ address }) => address === text))
    return { ip: text, pod, nodeName: pod?.nodeName ?? node?.metadata.name }
  }
  const [ns, name] = splitName(text, namespace)
  const found = pods.find(({ metadata }) => metadata.namespace === ns && metadata.name === name)
  if (!found) throw new CommandError(`there is no pod ${ns}/${name}`)
  const pod = policyPodOf(found)
  return { ip: pod.ips[0] ?? '', pod, nodeName: pod.nodeName }
}

function splitName(text: string, namespace: string): [namespace: string, name: string] {
  const [first = '', second, ...rest] = text.split('/')
  if (rest.length > 0) throw new UsageError(`"${text}" is neither NAME nor NAMESPACE/NAME`)
  return second === undefined ? [namespace, first] : [first, second]
}

const nameOf = ({ pod, ip }: ConnectionEnd): string =>
  pod ? `${pod.namespace}/${pod.name}${ip ? ` (${ip})` : ''}` : ip

function show({ connection: { from, to, protocol, port }, verdict }: Result): string {
  const steps = verdict.steps.map(
    ({ direction, allowed, reason }) => `  ${direction.padEnd(8)} ${allowed ? 'allowed' : 'denied '}  ${reason}`,
  )
  const word = verdict.allowed ? 'allowed' : 'denied'
  return [`${nameOf(from)} → ${nameOf(to)} ${protocol} ${port}: ${word}`, ...steps].join('\n')
}
