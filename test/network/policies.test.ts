// NetworkPolicies as truth tables: nine pods in three namespaces on two nodes, every pair tried with real traffic, and
// asked of the explanation. The cases are those of upstream's suite (test/e2e/network/netpol), and ours.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from '../../src/shared/api/networking/v1.ts'
import { eventually, isDropped, serve } from './lab/lab.ts'
import { type Expected, NODE_IPS, type PolicyStage as Stage, PolicyStage } from './lab/policy-lab.ts'
import { service, slice } from './lab/objects.ts'
import { Prober } from './lab/prober.ts'

const ns = (key: string) => key.split('/')[0]!
const podIs = (name: string): NetworkPolicyPeer => ({ podSelector: { matchLabels: { pod: name } } })
const namespaceIs = (name: string): NetworkPolicyPeer => ({ namespaceSelector: { matchLabels: { ns: name } } })
const both = (...peers: NetworkPolicyPeer[]): NetworkPolicyPeer => Object.assign({}, ...peers) as NetworkPolicyPeer
const on = (port?: number | string, protocol = 'TCP', endPort?: number): NetworkPolicyPort => ({
  protocol,
  ...(port !== undefined && { port }),
  ...(endPort !== undefined && { endPort }),
})

/** Ingress of a pod in x; every other pair is open. */
const into =
  (to: string, allowed: (from: string) => boolean): Expected =>
  (from, target) =>
    target !== to || allowed(from)
const outOf =
  (from: string, allowed: (to: string) => boolean): Expected =>
  (source, to) =>
    source !== from || allowed(to)
const podA = { podSelector: { matchLabels: { pod: 'a' } } }

interface Case {
  readonly name: string
  readonly policies: Record<string, NetworkPolicySpec>
  readonly expected: Expected
  readonly port?: number
  readonly protocol?: 'TCP' | 'UDP'
}

const CASES: readonly Case[] = [
  {
    name: 'deny all ingress of a namespace',
    policies: { deny: { podSelector: {}, policyTypes: ['Ingress'] } },
    expected: (_, to) => ns(to) !== 'x',
  },
  {
    name: 'deny all egress of a namespace',
    policies: { deny: { podSelector: {}, policyTypes: ['Egress'] } },
    expected: from => ns(from) !== 'x',
  },
  {
    name: 'deny both ways at once',
    policies: { deny: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } },
    expected: (from, to) => ns(from) !== 'x' && ns(to) !== 'x',
  },
  {
    name: 'allow everything with an empty rule, whatever others deny',
    policies: { deny: { podSelector: {} }, allow: { ...podA, ingress: [{}] } },
    expected: (_, to) => ns(to) !== 'x' || to === 'x/a',
  },
  {
    name: 'allow pods of the own namespace by their labels',
    policies: { p: { ...podA, ingress: [{ from: [podIs('b')] }] } },
    expected: into('x/a', from => from === 'x/b'),
  },
  {
    name: 'allow whole namespaces by their labels',
    policies: { p: { ...podA, ingress: [{ from: [namespaceIs('y')] }] } },
    expected: into('x/a', from => ns(from) === 'y'),
  },
  {
    name: 'allow namespaces by expressions',
    policies: {
      p: {
        ...podA,
        ingress: [
          {
            from: [{ namespaceSelector: { matchExpressions: [{ key: 'ns', operator: 'NotIn', values: ['x', 'z'] }] } }],
          },
        ],
      },
    },
    expected: into('x/a', from => ns(from) === 'y'),
  },
  {
    name: 'allow pods and namespaces as alternatives when they are two peers',
    policies: { p: { ...podA, ingress: [{ from: [namespaceIs('y'), podIs('b')] }] } },
    expected: into('x/a', from => ns(from) === 'y' || from === 'x/b'),
  },
  {
    name: 'allow pods in namespaces when both are one peer',
    policies: { p: { ...podA, ingress: [{ from: [both(namespaceIs('y'), podIs('b'))] }] } },
    expected: into('x/a', from => from === 'y/b'),
  },
  {
    name: 'add up: two policies allow what either does',
    policies: {
      one: { ...podA, ingress: [{ from: [namespaceIs('y')] }] },
      two: { ...podA, ingress: [{ from: [both(namespaceIs('z'), podIs('c'))] }] },
    },
    expected: into('x/a', from => ns(from) === 'y' || from === 'z/c'),
  },
  {
    name: 'allow a port: the port itself',
    policies: { p: { ...podA, ingress: [{ ports: [on(81)] }] } },
    port: 81,
    expected: () => true,
  },
  {
    name: 'allow a port: another one',
    policies: { p: { ...podA, ingress: [{ ports: [on(81)] }] } },
    expected: into('x/a', () => false),
  },
  {
    name: 'allow a port from some namespaces only',
    policies: { p: { ...podA, ingress: [{ from: [namespaceIs('y')], ports: [on(80)] }, { ports: [on(81)] }] } },
    expected: into('x/a', from => ns(from) === 'y'),
  },
  {
    name: 'allow a port by its name',
    policies: { p: { ...podA, ingress: [{ ports: [on('serve-81-tcp')] }] } },
    port: 81,
    expected: () => true,
  },
  {
    name: 'allow a port by its name, and not its neighbour',
    policies: { p: { ...podA, ingress: [{ ports: [on('serve-81-tcp')] }] } },
    expected: into('x/a', () => false),
  },
  {
    name: 'allow egress to a port by the name that it has at the destination',
    policies: {
      p: { ...podA, policyTypes: ['Egress'], egress: [{ to: [namespaceIs('y')], ports: [on('serve-80-tcp')] }] },
    },
    expected: outOf('x/a', to => ns(to) === 'y'),
  },
  {
    name: 'allow a range of ports, ends included',
    policies: { p: { ...podA, ingress: [{ ports: [on(70, 'TCP', 80)] }] } },
    expected: () => true,
  },
  {
    name: 'allow a range of ports, and nothing beyond',
    policies: { p: { ...podA, ingress: [{ ports: [on(70, 'TCP', 80)] }] } },
    port: 81,
    expected: into('x/a', () => false),
  },
  {
    name: 'take ranges that overlap',
    policies: { p: { ...podA, ingress: [{ ports: [on(70, 'TCP', 80), on(80), on(80, 'TCP', 90)] }] } },
    port: 81,
    expected: () => true,
  },
  {
    name: 'tell UDP from TCP: UDP is allowed',
    policies: { p: { ...podA, ingress: [{ ports: [on(80, 'UDP')] }] } },
    protocol: 'UDP',
    expected: () => true,
  },
  {
    name: 'tell UDP from TCP: TCP is not',
    policies: { p: { ...podA, ingress: [{ ports: [on(80, 'UDP')] }] } },
    expected: into('x/a', () => false),
  },
  {
    name: 'take SCTP for a protocol of its own',
    policies: { p: { ...podA, ingress: [{ ports: [on(80, 'SCTP')] }] } },
    expected: into('x/a', () => false),
  },
  {
    name: 'allow a protocol on all its ports',
    policies: { p: { ...podA, ingress: [{ ports: [on(undefined, 'UDP')] }] } },
    protocol: 'UDP',
    port: 81,
    expected: () => true,
  },
  {
    name: 'limit egress to pods and namespaces',
    policies: {
      p: { ...podA, policyTypes: ['Egress'], egress: [{ to: [namespaceIs('y'), podIs('b')] }] },
    },
    expected: outOf('x/a', to => ns(to) === 'y' || to === 'x/b'),
  },
  {
    name: 'isolate ingress as well when egress rules come without types',
    policies: { p: { ...podA, egress: [{ to: [namespaceIs('y')] }] } },
    expected: (from, to) => (from !== 'x/a' || ns(to) === 'y') && to !== 'x/a',
  },
  {
    name: 'need the consent of both ends',
    policies: {
      out: { ...podA, policyTypes: ['Egress'], egress: [{ to: [podIs('b')] }] },
      in: { podSelector: { matchLabels: { pod: 'b' } }, ingress: [{ from: [namespaceIs('y')] }] },
    },
    expected: (from, to) => (from !== 'x/a' || to === 'x/b') && (to !== 'x/b' || ns(from) === 'y'),
  },
  {
    name: 'select pods by expressions',
    policies: {
      p: { podSelector: { matchExpressions: [{ key: 'pod', operator: 'In', values: ['a', 'b'] }] } },
    },
    expected: (_, to) => !['x/a', 'x/b'].includes(to),
  },
  {
    name: 'allow nothing that nobody has',
    policies: { p: { ...podA, ingress: [{ from: [podIs('nobody')], ports: [on('nothing')] }] } },
    expected: into('x/a', () => false),
  },
]

describe('network policies', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await new PolicyStage().build()
  })
  afterAll(() => stage.end())
  afterEach(() => stage.clear())

  const verify = async (expected: Expected, target?: { protocol: 'TCP' | 'UDP'; port: number }) => {
    const { traffic, explained } = await stage.check(expected, target)
    expect(traffic).toEqual(stage.wanted(expected))
    expect(explained).toEqual(stage.wanted(expected))
  }

  it('are not needed for pods to reach each other', () => verify(() => true))

  it.each(CASES)('$name', async ({ policies, expected, port = 80, protocol = 'TCP' }) => {
    for (const [name, spec] of Object.entries(policies)) await stage.put('x', name, spec)
    await verify(expected, { protocol, port })
  })

  it('allow address blocks without their exceptions, both ways', async () => {
    const { ip } = stage.pods.get('y/b')!
    const ipBlock = { cidr: '10.244.0.0/16', except: [`${ip}/32`, '10.244.200.0/24'] }
    await stage.put('x', 'in', { ...podA, ingress: [{ from: [{ ipBlock }] }] })
    await verify(into('x/a', from => from !== 'y/b'))
    await stage.clear()
    await stage.put('x', 'out', { ...podA, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock }] }] })
    await verify(outOf('x/a', to => to !== 'y/b'))
    await stage.put('x', 'more', {
      ...podA,
      policyTypes: ['Egress'],
      egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }],
    })
    await verify(() => true)
  })

  it('follow the labels of pods and namespaces', async () => {
    await stage.put('x', 'p', {
      ...podA,
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'web' } }, podSelector: { matchLabels: { role: 'client' } } }] }], // prettier-ignore
    })
    await verify(into('x/a', () => false))
    await stage.label('z', { team: 'web' })
    await stage.labelPod('z/b', { pod: 'b', role: 'client' })
    await verify(into('x/a', from => from === 'z/b'))
    await stage.labelPod('x/a', { pod: 'another' })
    await verify(() => true)
    await stage.labelPod('x/a', { pod: 'a' })
    await stage.label('z', {})
    await verify(into('x/a', () => false))
    await stage.labelPod('z/b', { pod: 'b' })
  })

  it('never stand between a pod and its own node, and do between it and another', async () => {
    await stage.put('x', 'deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
    const { ip, nodeIndex, sandbox } = stage.pods.get('x/a')!
    const own = stage.hosts[nodeIndex]!
    const server = await serve(own, 'OWN', 7000)
    await eventually(() => isDropped(stage.hosts[1 - nodeIndex]!, ip, 80))
    expect(
      await stage.pods.get('x/a')!.prober.reach([{ protocol: 'TCP', ip: NODE_IPS[nodeIndex]!, port: 7000 }]),
    ).toEqual([true])
    const node = await new Prober(own, [7001]).ready()
    expect(
      await node.reach([
        { protocol: 'TCP', ip, port: 80 },
        { protocol: 'UDP', ip, port: 80 },
      ]),
    ).toEqual([true, true])
    expect(sandbox.run('dig', '+short', '+time=1', '@10.96.0.10', 'dns-version.cluster.local', 'TXT')).toContain(
      '1.1.0',
    )
    server.kill()
  })

  it('judge a Service by the pods behind it', async () => {
    const [target, other] = [stage.pods.get('y/b')!, stage.pods.get('y/c')!]
    for (const agent of stage.agents)
      for (const [name, pod, clusterIP] of [
        ['web', target, '10.96.5.1'],
        ['db', other, '10.96.5.2'],
      ] as const) {
        await agent.put(
          'services',
          service(name, { type: 'ClusterIP', clusterIP, ports: [{ port: 8000, protocol: 'TCP', targetPort: 80 }] }),
        )
        await agent.put(
          'endpointslices',
          slice(name, [{ ip: pod.ip, nodeName: 'any' }], [{ name: '', port: 80, protocol: 'TCP' }]),
        )
      }
    const to = (ip: string) => ({ protocol: 'TCP' as const, ip, port: 8000 })
    const probe = () => stage.pods.get('x/a')!.prober.reach([to('10.96.5.1'), to('10.96.5.2')])
    await eventually(async () => (await probe()).every(Boolean))
    await stage.put('x', 'p', {
      ...podA,
      policyTypes: ['Egress'],
      egress: [{ to: [both(namespaceIs('y'), podIs('b'))], ports: [on(80)] }],
    })
    await eventually(async () => (await probe()).join() === 'true,false')
  })

  it('let a pod reach itself through a Service whatever they deny', async () => {
    const { ip, prober } = stage.pods.get('x/a')!
    for (const agent of stage.agents) {
      await agent.put(
        'services',
        service('self', {
          type: 'ClusterIP',
          clusterIP: '10.96.5.3',
          ports: [{ port: 8000, protocol: 'TCP', targetPort: 80 }],
        }),
      )
      await agent.put(
        'endpointslices',
        slice('self', [{ ip, nodeName: 'node1' }], [{ name: '', port: 80, protocol: 'TCP' }]),
      )
    }
    await stage.put('x', 'deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
    await verify((from, to) => ns(from) !== 'x' && ns(to) !== 'x')
    expect(await prober.reach([{ protocol: 'TCP', ip: '10.96.5.3', port: 8000 }])).toEqual([true])
  })

  it('end connections that were open before them', async () => {
    const [from, to] = [stage.pods.get('y/a')!, stage.pods.get('x/a')!]
    const script = `const s = require('net').connect(80, '${to.ip}'); s.on('data', () => console.log('beat')); setInterval(() => s.write('x'), 50)`
    const child = from.sandbox.spawn(process.execPath, '-e', script)
    let beats = 0
    child.stdout!.on('data', () => beats++)
    await eventually(() => beats > 2)
    await stage.put('x', 'deny', { podSelector: {} })
    let before = -1
    await eventually(async () => {
      const isQuiet = beats === before
      before = beats
      await new Promise(resolve => setTimeout(resolve, 300))
      return isQuiet && beats === before
    })
    child.kill()
  })

  it('hold for a new pod before it starts, though its address is known to nobody yet', async () => {
    await stage.put('x', 'deny', { podSelector: {} })
    await verify((_, to) => ns(to) !== 'x')
    const late = await stage.addPod('x/late', 0)
    expect(await stage.pods.get('x/b')!.prober.reach([{ protocol: 'TCP', ip: late.ip, port: 80 }])).toEqual([false])
    stage.pods.delete('x/late')
    for (const agent of stage.agents) await agent.remove('pods', stage.object(late))
    // Its object is gone, its sandbox is not yet: it stays closed until its address is taken back.
    expect(await stage.pods.get('x/b')!.prober.reach([{ protocol: 'TCP', ip: late.ip, port: 80 }])).toEqual([false])
    await stage.agents[0]!.call({ do: 'tearDown', podUid: late.sandbox.uid })
    await eventually(
      () => !stage.hosts[0]!.run('nft', 'list', 'table', 'ip', 'flotilla').includes(`${late.ip} : goto isolated`),
    )
  })

  it('hold while the API server is away, and after a reboot', async () => {
    await stage.put('x', 'p', { ...podA, ingress: [{ from: [namespaceIs('y')] }] })
    const expected = into('x/a', from => ns(from) === 'y')
    await verify(expected)
    for (const agent of stage.agents) await agent.stop()
    expect(await stage.denied()).toEqual(stage.wanted(expected))
    for (const host of stage.hosts) host.run('nft', 'flush', 'ruleset')
    await stage.startAgents(true)
    expect(await stage.denied()).toEqual(stage.wanted(expected))
    for (const agent of stage.agents) await agent.stop()
    await stage.startAgents()
    // An API server that lists no policy: it was deleted meanwhile.
    await stage.putNodes()
    stage.policies.clear()
    await verify(() => true)
  })

  it('leave nothing behind', () => {
    for (const host of stage.hosts)
      expect(host.run('nft', 'list', 'table', 'ip', 'flotilla')).not.toMatch(
        /set pods-|chain isolated-|goto isolated-|chain (in|e)gress-/,
      )
  })
})
