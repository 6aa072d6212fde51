// Upstream's stage for network policies: pods a, b and c in the namespaces x, y and z, on two nodes, and what of each
// other they reach.
import type { NetworkPolicy, NetworkPolicySpec } from '../../../src/shared/api/networking/v1.ts'
import { explainConnection } from '../../../src/shared/machinery/network-policy/explain.ts'
import { type PolicyPod, policyPodOf } from '../../../src/shared/machinery/network-policy/policy-pod.ts'
import { type Agent, eventually, type Host, Lab, type Pod } from './lab.ts'
import { namespace, node, podObject, policy } from './objects.ts'
import { Prober, type Target } from './prober.ts'

export const NAMESPACES = ['x', 'y', 'z']
export const PODS = NAMESPACES.flatMap(ns => ['a', 'b', 'c'].map(name => `${ns}/${name}`))
const NODES = ['node1', 'node2']
export const NODE_IPS = ['192.168.81.1', '192.168.81.2']
const CIDRS = ['10.244.1.0/24', '10.244.2.0/24']

export interface StagedPod {
  readonly key: string
  readonly sandbox: Pod
  readonly nodeIndex: number
  readonly ip: string
  readonly prober: Prober
  labels: Record<string, string>
}

export type Expected = (from: string, to: string) => boolean

export class PolicyStage {
  readonly lab = new Lab()
  readonly hosts: Host[] = []
  agents: Agent[] = []
  readonly pods = new Map<string, StagedPod>()
  readonly namespaceLabels = new Map(NAMESPACES.map(ns => [ns, { ns } as Record<string, string>]))
  readonly policies = new Map<string, NetworkPolicy>()

  async build(): Promise<this> {
    for (const [i, name] of NODES.entries()) this.hosts.push(this.lab.host(name, `${NODE_IPS[i]!}/24`))
    await this.startAgents()
    await this.putNodes()
    for (const ns of NAMESPACES) await this.label(ns, {})
    for (const [i, key] of PODS.entries()) await this.addPod(key, i % 2)
    return this
  }

  async putNodes(): Promise<void> {
    for (const agent of this.agents)
      for (const [i, name] of NODES.entries()) await agent.put('nodes', node(name, NODE_IPS[i]!, CIDRS[i]!))
  }

  async startAgents(offline = false): Promise<void> {
    this.agents = await Promise.all(this.hosts.map((host, i) => host.agent(CIDRS[i]!, { offline })))
  }

  async addPod(key: string, nodeIndex: number, labels = { pod: key.split('/')[1]! }): Promise<StagedPod> {
    const sandbox = await this.lab.pod()
    const agent = this.agents[nodeIndex]!
    const ip = await agent.setUp(sandbox)
    const prober = new Prober(sandbox, [80, 81])
    const pod: StagedPod = { key, sandbox, nodeIndex, ip, prober, labels }
    this.pods.set(key, pod)
    // As the kubelet does: before its status, so without an address.
    await agent.call({ do: 'isolate', pod: this.object(pod, false) })
    for (const other of this.agents) await other.put('pods', this.object(pod))
    await prober.ready()
    return pod
  }

  object({ key, sandbox, nodeIndex, ip, labels }: StagedPod, hasStatus = true) {
    const [ns = '', name = ''] = key.split('/')
    const ports = [80, 81].flatMap(containerPort => [
      { name: `serve-${containerPort}-tcp`, containerPort, protocol: 'TCP' },
      { name: `serve-${containerPort}-udp`, containerPort, protocol: 'UDP' },
    ])
    return podObject({
      uid: sandbox.uid,
      ns,
      name,
      labels,
      ports,
      nodeName: NODES[nodeIndex]!,
      ...(hasStatus && { ip }),
    })
  }

  async label(ns: string, more: Record<string, string>): Promise<void> {
    const labels = { ns, ...more }
    this.namespaceLabels.set(ns, labels)
    for (const agent of this.agents) await agent.put('namespaces', namespace(ns, labels))
  }

  async labelPod(key: string, labels: Record<string, string>): Promise<void> {
    const pod = this.pods.get(key)!
    pod.labels = labels
    for (const agent of this.agents) await agent.put('pods', this.object(pod))
  }

  async put(ns: string, name: string, spec: NetworkPolicySpec): Promise<void> {
    const object = policy(ns, name, spec)
    this.policies.set(`${ns}/${name}`, object)
    for (const agent of this.agents) await agent.put('networkpolicies', object)
  }

  async clear(): Promise<void> {
    for (const object of this.policies.values())
      for (const agent of this.agents) await agent.remove('networkpolicies', object)
    this.policies.clear()
  }

  /** @returns who reaches whom, as `x/a → y/b` lines of those that do not */
  async denied({ protocol, port }: Omit<Target, 'ip'> = { protocol: 'TCP', port: 80 }): Promise<string[]> {
    const all = [...this.pods.values()]
    const rows = await Promise.all(
      all.map(async from => {
        const reached = await from.prober.reach(all.map(({ ip }) => ({ protocol, port, ip })))
        return all.filter((_, i) => !reached[i]).map(to => `${from.key} → ${to.key}`)
      }),
    )
    return rows.flat().sort()
  }

  /** What the explanation says of the same pairs. */
  explained({ protocol, port }: Omit<Target, 'ip'> = { protocol: 'TCP', port: 80 }): string[] {
    const knowledge = {
      policies: [...this.policies.values()],
      labelsOfNamespace: (ns: string) => this.namespaceLabels.get(ns),
    }
    const all = [...this.pods.values()].map(pod => policyPodOf(this.object(pod)))
    const end = (pod: PolicyPod) => ({ ip: pod.ips[0]!, pod })
    const name = (pod: PolicyPod) => `${pod.namespace}/${pod.name}`
    return all
      .flatMap(from => all.map(to => [from, to] as const))
      .filter(([from, to]) => !explainConnection({ from: end(from), to: end(to), protocol, port }, knowledge).allowed) // prettier-ignore
      .map(([from, to]) => `${name(from)} → ${name(to)}`)
      .sort()
  }

  wanted(expected: Expected): string[] {
    return PODS.flatMap(from =>
      PODS.filter(to => from !== to && !expected(from, to)).map(to => `${from} → ${to}`),
    ).sort()
  }

  /** Traffic and explanation come to what is expected of every pair. */
  async check(expected: Expected, target?: Omit<Target, 'ip'>): Promise<{ traffic: string[]; explained: string[] }> {
    const wanted = this.wanted(expected).join()
    let traffic: string[] = []
    await eventually(async () => (traffic = await this.denied(target)).join() === wanted, 15_000).catch(() => undefined)
    return { traffic, explained: this.explained(target) }
  }

  end(): void {
    this.lab.end()
  }
}
