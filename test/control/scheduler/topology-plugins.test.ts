// PodTopologySpread and InterPodAffinity as upstream documents them, each over a few nodes in zones.
import { describe, expect, test } from 'vitest'
import { podInfoOf } from '../../../src/main/scheduler/cache/pod-info.ts'
import { SchedulerCache } from '../../../src/main/scheduler/cache/scheduler-cache.ts'
import { DEFAULT_ARGS, type PluginArgs } from '../../../src/main/scheduler/config/plugin-args.ts'
import { CycleState } from '../../../src/main/scheduler/framework/cycle-state.ts'
import { type Listers, listersOf } from '../../../src/main/scheduler/framework/listers.ts'
import type { SchedulerPlugin } from '../../../src/main/scheduler/framework/plugin.ts'
import { interPodAffinity } from '../../../src/main/scheduler/plugins/inter-pod-affinity/inter-pod-affinity.ts'
import { podTopologySpread } from '../../../src/main/scheduler/plugins/pod-topology-spread/pod-topology-spread.ts'
import type { Namespace, PodAffinityTerm, Service, TopologySpreadConstraint } from '../../../src/shared/api/core/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { InformerFactory } from '../../../src/shared/client/informer-factory.ts'
import { ObjectCache } from '../../../src/shared/client/lister.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { type NodeParts, type PodParts, makeNode, makePod } from './fixtures.ts'

const ZONE = 'topology.kubernetes.io/zone'
const inZone = (zone: string): NodeParts => ({ labels: { [ZONE]: zone } })

const namespaces = new ObjectCache<Namespace>()
for (const [name, team] of [
  ['default', 'a'],
  ['prod', 'b'],
  ['dev', 'a'],
])
  namespaces.set(name!, { metadata: { name, labels: { team } } } as unknown as Namespace)
const services = new ObjectCache<Service>()
services.set('default/web', {
  metadata: { namespace: 'default', name: 'web' },
  spec: { selector: { app: 'web' } },
} as unknown as Service)
const listers: Listers = { ...listersOf(new InformerFactory({} as Client, systemClock)), namespaces, services }

type Cluster = Readonly<Record<string, { node: NodeParts; pods?: readonly PodParts[] }>>

function cacheOf(cluster: Cluster): SchedulerCache {
  const cache = new SchedulerCache()
  for (const [name, { node, pods = [] }] of Object.entries(cluster)) {
    cache.setNode(makeNode(name, node))
    for (const [i, parts] of pods.entries()) {
      const pod = makePod(`${name}-${i}`, parts)
      cache.setPod({ ...pod, spec: { ...pod.spec, nodeName: name } })
    }
  }
  return cache
}

/** @returns the nodes that fit */
function fitting(plugin: SchedulerPlugin, cluster: Cluster, parts: PodParts): string[] {
  const [cache, state, pod] = [cacheOf(cluster), new CycleState(), podInfoOf(makePod('p', parts))]
  if (plugin.preFilter?.(state, pod, cache).status.code === 'Skip') return cache.nodes.map(({ name }) => name)
  return cache.nodes.filter(node => plugin.filter?.(state, pod, node).code === 'Success').map(({ name }) => name)
}

/** @returns node → 0…100; undefined when the plugin has no preference */
function scores(plugin: SchedulerPlugin, cluster: Cluster, parts: PodParts): Record<string, number> | undefined {
  const [cache, state, pod] = [cacheOf(cluster), new CycleState(), podInfoOf(makePod('p', parts))]
  plugin.preFilter?.(state, pod, cache)
  if (plugin.preScore?.(state, pod, cache.nodes).code === 'Skip') return undefined
  const values = cache.nodes.map(node => plugin.score?.(state, pod, node) ?? 0)
  plugin.normalize?.(state, pod, values, cache.nodes)
  return Object.fromEntries(cache.nodes.map(({ name }, i) => [name, values[i] ?? 0]))
}

const web = { labels: { app: 'web' } }
const v = (version: string) => ({ labels: { app: 'web', version } })

describe('PodTopologySpread', () => {
  const spread = (args: Partial<PluginArgs['PodTopologySpread']> = {}) =>
    podTopologySpread(listers, { ...DEFAULT_ARGS.PodTopologySpread, ...args })
  const constraint = (more: Partial<TopologySpreadConstraint> = {}): TopologySpreadConstraint => ({
    maxSkew: 1,
    topologyKey: ZONE,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: { app: 'web' } },
    ...more,
  })
  const pod = (more: Partial<TopologySpreadConstraint> = {}, labels: PodParts['labels'] = web.labels): PodParts => ({
    ...(labels ? { labels } : {}),
    spec: { topologySpreadConstraints: [constraint(more)] },
  })
  const cluster: Cluster = {
    x1: { node: inZone('x'), pods: [web, web] },
    x2: { node: inZone('x') },
    y1: { node: inZone('y'), pods: [web] },
    none: { node: {} },
  }
  test.each<[string, Partial<TopologySpreadConstraint>, string[]]>([
    ['keeps the skew, and off nodes without the label', {}, ['y1']],
    ['with maxSkew 2 lets the fuller zone take one more', { maxSkew: 2 }, ['x1', 'x2', 'y1']],
    ['with too few domains the least counts as none', { minDomains: 3, maxSkew: 2 }, ['y1']],
    ['counts no pods of another selector', { labelSelector: { matchLabels: { app: 'db' } } }, ['x1', 'x2', 'y1']],
  ])('%s', (_name, more, nodes) => {
    expect(fitting(spread(), cluster, pod(more))).toEqual(nodes)
  })
  test('matchLabelKeys spread each version for itself', () => {
    const versions: Cluster = {
      x: { node: inZone('x'), pods: [v('1'), v('1'), v('2')] },
      y: { node: inZone('y'), pods: [v('1')] },
    }
    expect(fitting(spread(), versions, pod({}, { app: 'web', version: '2' }))).toEqual(['y'])
    const keyed = { matchLabelKeys: ['version'] }
    expect(fitting(spread(), versions, pod(keyed, { app: 'web', version: '3' }))).toEqual(['x', 'y'])
    expect(fitting(spread(), versions, pod(keyed, { app: 'web', version: '1' }))).toEqual(['y'])
  })
  test('nodes that the pod may not use count by the inclusion policies', () => {
    const taint = { key: 'k', value: '', effect: 'NoSchedule' }
    const tainted: Cluster = {
      x: { node: inZone('x'), pods: [web] },
      empty: { node: { ...inZone('y'), spec: { taints: [taint] } } },
    }
    expect(fitting(spread(), tainted, pod())).toEqual(['empty'])
    expect(fitting(spread(), tainted, pod({ nodeTaintsPolicy: 'Honor' }))).toContain('x')

    const selecting = (more: Partial<TopologySpreadConstraint>): PodParts => ({
      ...web,
      spec: { nodeSelector: { disk: 'ssd' }, topologySpreadConstraints: [constraint(more)] },
    })
    const disks: Cluster = {
      x: { node: { labels: { [ZONE]: 'x', disk: 'ssd' } }, pods: [web] },
      y: { node: inZone('y') },
    }
    expect(fitting(spread(), disks, selecting({}))).toContain('x')
    expect(fitting(spread(), disks, selecting({ nodeAffinityPolicy: 'Ignore' }))).not.toContain('x')
  })
  test('pods of other namespaces do not count, nor those on their way out', () => {
    const others: Cluster = {
      x: { node: inZone('x'), pods: [{ ...web, namespace: 'prod' }] },
      y: { node: inZone('y') },
    }
    expect(fitting(spread(), others, pod())).toEqual(['x', 'y'])
  })
  test('ScheduleAnyway prefers the emptier zone', () => {
    const found = scores(spread(), cluster, pod({ whenUnsatisfiable: 'ScheduleAnyway' }))
    expect(found?.['y1']).toBe(100)
    expect(found?.['x1']).toBe(found?.['x2'])
    expect(found?.['x1']).toBeLessThan(100)
    expect(found?.['none']).toBe(0)
  })
  test('who has several Services spreads among the pods that all of them select, whatever they select by', () => {
    const service = (name: string, selector: Record<string, string> | undefined) =>
      services.set(`default/${name}`, {
        metadata: { namespace: 'default', name },
        spec: { selector },
      } as unknown as Service)
    service('web-front', { app: 'web', tier: 'front' })
    service('by-hand', undefined)
    const front = { labels: { app: 'web', tier: 'front' } }
    const nodes: Cluster = {
      x1: { node: inZone('x'), pods: [web, web, web] },
      y1: { node: inZone('y'), pods: [front] },
    }
    const found = scores(spread(), nodes, front)
    expect(found?.['x1']).toBeGreaterThan(found?.['y1'] ?? 100)
    services.delete('default/web-front')
    const since = scores(spread(), nodes, front)
    expect(since?.['y1']).toBeGreaterThan(since?.['x1'] ?? 100)
    services.delete('default/by-hand')
  })
  test('pods of a Service without constraints spread by the defaults, which a configuration may replace', () => {
    const found = scores(spread(), cluster, web)
    expect(found?.['y1']).toBeGreaterThan(found?.['x1'] ?? 100)
    expect(scores(spread(), cluster, { labels: { app: 'lonely' } })).toBeUndefined()
    const { labelSelector: _by, ...given } = constraint()
    const strict = spread({ defaultingType: 'List', defaultConstraints: [given] })
    expect(fitting(strict, cluster, web)).toEqual(['y1'])
    expect(scores(strict, cluster, web)).toBeUndefined()
  })
})

describe('InterPodAffinity', () => {
  const plugin = (args: Partial<PluginArgs['InterPodAffinity']> = {}) =>
    interPodAffinity(namespaces, { ...DEFAULT_ARGS.InterPodAffinity, ...args })
  const term = (more: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({
    topologyKey: ZONE,
    labelSelector: { matchLabels: { app: 'web' } },
    ...more,
  })
  type Kind = 'podAffinity' | 'podAntiAffinity'
  const requires = (kind: Kind, more: Partial<PodAffinityTerm> = {}, labels?: PodParts['labels']): PodParts => ({
    ...(labels ? { labels } : {}),
    spec: { affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [term(more)] } } },
  })
  const prefers = (kind: Kind, weight: number): PodParts => ({
    spec: {
      affinity: { [kind]: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm: term() }] } },
    },
  })
  const cluster: Cluster = {
    x1: { node: inZone('x'), pods: [web] },
    x2: { node: inZone('x') },
    y1: { node: inZone('y'), pods: [{ ...web, namespace: 'prod' }] },
    z1: { node: inZone('z') },
  }
  test.each<[string, PodParts, string[]]>([
    ['affinity: only where a matching pod of its namespace is', requires('podAffinity'), ['x1', 'x2']],
    ['anti-affinity: only where none is', requires('podAntiAffinity'), ['y1', 'z1']],
    ['namespaces are named', requires('podAffinity', { namespaces: ['prod'] }), ['y1']],
    [
      'or selected by their labels',
      requires('podAffinity', { namespaceSelector: { matchLabels: { team: 'b' } } }),
      ['y1'],
    ],
    ['the empty selector means all', requires('podAntiAffinity', { namespaceSelector: {} }), ['z1']],
    [
      'affinity to nobody is not met',
      requires('podAffinity', { labelSelector: { matchLabels: { app: 'nobody' } } }),
      [],
    ],
    [
      'but the first of a group may start it',
      requires('podAffinity', { labelSelector: { matchLabels: { app: 'new' } } }, { app: 'new' }),
      ['x1', 'x2', 'y1', 'z1'],
    ],
  ])('%s', (_name, pod, nodes) => {
    expect(fitting(plugin(), cluster, pod)).toEqual(nodes)
  })
  test('matchLabelKeys mean the own version, mismatchLabelKeys the others', () => {
    const versions: Cluster = {
      x: { node: inZone('x'), pods: [v('1')] },
      y: { node: inZone('y'), pods: [v('2')] },
    }
    const own = { app: 'web', version: '2' }
    expect(fitting(plugin(), versions, requires('podAffinity', { matchLabelKeys: ['version'] }, own))).toEqual(['y'])
    expect(fitting(plugin(), versions, requires('podAntiAffinity', { mismatchLabelKeys: ['version'] }, own))).toEqual([
      'y',
    ])
  })
  test("an existing pod's anti-affinity keeps newcomers away, until the last of its kind is gone", () => {
    const keeps: Cluster = {
      x: { node: inZone('x'), pods: [requires('podAntiAffinity'), requires('podAntiAffinity')] },
      y: { node: inZone('y') },
    }
    expect(fitting(plugin(), keeps, web)).toEqual(['y'])
    const cache = cacheOf(keeps)
    const fits = () => {
      const [state, pod] = [new CycleState(), podInfoOf(makePod('p', web))]
      plugin().preFilter?.(state, pod, cache)
      return plugin().filter?.(state, pod, cache.node('x')!).code
    }
    const [first, second] = [...cache.node('x')!.pods.keys()]
    cache.removePod(first!)
    expect(fits()).toBe('Unschedulable')
    cache.removePod(second!)
    expect(fits()).toBe('Success')
  })
  test('preferences of the pod add up over pods, and against', () => {
    const crowded: Cluster = {
      x: { node: inZone('x'), pods: [web, web] },
      y: { node: inZone('y'), pods: [web] },
      z: { node: inZone('z') },
    }
    expect(scores(plugin(), crowded, prefers('podAffinity', 10))).toEqual({ x: 100, y: 50, z: 0 })
    expect(scores(plugin(), crowded, prefers('podAntiAffinity', 10))).toEqual({ x: 0, y: 50, z: 100 })
    expect(scores(plugin(), crowded, {})).toBeUndefined()
  })
  test("existing pods' wishes count too: the preferred ones, and the required ones with a weight of their own", () => {
    const wishing: Cluster = {
      x: { node: inZone('x'), pods: [prefers('podAffinity', 20), prefers('podAffinity', 20)] },
      y: { node: inZone('y'), pods: [{ ...requires('podAffinity', {}, { app: 'web' }) }] },
      z: { node: inZone('z') },
    }
    expect(scores(plugin({ hardPodAffinityWeight: 20 }), wishing, web)).toEqual({ x: 100, y: 50, z: 0 })
    expect(scores(plugin({ hardPodAffinityWeight: 0 }), wishing, web)).toEqual({ x: 100, y: 0, z: 0 })
    expect(scores(plugin({ ignorePreferredTermsOfExistingPods: true }), wishing, web)).toBeUndefined()
  })
})
