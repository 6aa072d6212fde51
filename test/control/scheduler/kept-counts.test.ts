// Counts that are kept from pod to pod come to what counting anew comes to, whatever happened in between.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { podInfoOf } from '../../../src/main/scheduler/cache/pod-info.ts'
import { SchedulerCache } from '../../../src/main/scheduler/cache/scheduler-cache.ts'
import { DEFAULT_ARGS } from '../../../src/main/scheduler/config/plugin-args.ts'
import { CycleState } from '../../../src/main/scheduler/framework/cycle-state.ts'
import { type Listers, listersOf } from '../../../src/main/scheduler/framework/listers.ts'
import type { SchedulerPlugin } from '../../../src/main/scheduler/framework/plugin.ts'
import { interPodAffinity } from '../../../src/main/scheduler/plugins/inter-pod-affinity/inter-pod-affinity.ts'
import { DomainCounts } from '../../../src/main/scheduler/plugins/pod-topology-spread/domain-counts.ts'
import { podTopologySpread } from '../../../src/main/scheduler/plugins/pod-topology-spread/pod-topology-spread.ts'
import type { Namespace, Pod, PodSpec, Service } from '../../../src/shared/api/core/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { InformerFactory } from '../../../src/shared/client/informer-factory.ts'
import { ObjectCache } from '../../../src/shared/client/lister.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { makeNode, makePod } from './fixtures.ts'

const HOST = 'kubernetes.io/hostname'
const ZONE = 'topology.kubernetes.io/zone'
const NODES = ['a', 'b', 'c', 'd', 'e']
const selector = { labelSelector: { matchLabels: { app: 'web' } } }
const taint = { key: 'k', value: '', effect: 'NoSchedule' }

const spread = (topologyKey: string, whenUnsatisfiable: string, more = {}) => ({
  maxSkew: 1,
  topologyKey,
  whenUnsatisfiable,
  ...selector,
  ...more,
})
const near = (topologyKey: string) => ({
  requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, ...selector }],
  preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 3, podAffinityTerm: { topologyKey: HOST, ...selector } }],
})
/** What pods may ask. */
const ASKED: readonly Partial<PodSpec>[] = [
  {},
  { topologySpreadConstraints: [spread(ZONE, 'DoNotSchedule'), spread(HOST, 'ScheduleAnyway')] },
  { topologySpreadConstraints: [spread(HOST, 'DoNotSchedule', { minDomains: 3, nodeTaintsPolicy: 'Honor' })] },
  { topologySpreadConstraints: [spread(ZONE, 'ScheduleAnyway', { matchLabelKeys: ['version'] })] },
  { topologySpreadConstraints: [spread(ZONE, 'DoNotSchedule', { minDomains: 2 })], nodeSelector: { disk: 'ssd' } },
  { affinity: { podAffinity: near(ZONE) } },
  { affinity: { podAntiAffinity: near(HOST) } },
]
const LABELS: readonly (Record<string, string> | undefined)[] = [
  { app: 'web' },
  { app: 'web', version: '2' },
  { app: 'db' },
  undefined,
]

const asked = fc.constantFrom(...ASKED)
const labels = fc.constantFrom(...LABELS)
const nodeName = fc.constantFrom(...NODES)
const zone = fc.constantFrom('x', 'y', undefined)
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ what: fc.constant('place' as const), nodeName, labels, asked, assumed: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom('remove' as const, 'ends' as const, 'confirm' as const), pod: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('node' as const), nodeName, zone, ssd: fc.boolean(), tainted: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('gone' as const), nodeName }) },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('ask' as const), labels, asked }) },
) // prettier-ignore

/** What a plugin says of every node, and how it scores all of them. */
function answers(plugin: SchedulerPlugin, cache: SchedulerCache, pod: Pod): unknown {
  const [state, info] = [new CycleState(), podInfoOf(pod)]
  const filters = plugin.preFilter?.(state, info, cache).status.code !== 'Skip'
  const verdicts = cache.nodes.map(node => (filters ? plugin.filter?.(state, info, node) : undefined))
  const scores = plugin.preScore?.(state, info, cache.nodes).code !== 'Skip'
  return { verdicts, scores: scores && cache.nodes.map(node => plugin.score?.(state, info, node)) }
}

test('topology plugins that have been asked before answer as new ones do', () => {
  const namespaces = new ObjectCache<Namespace>()
  const services = new ObjectCache<Service>()
  services.set('default/web', { metadata: { namespace: 'default', name: 'web' }, spec: { selector: { app: 'web' } } } as unknown as Service) // prettier-ignore
  const listers: Listers = { ...listersOf(new InformerFactory({} as Client, systemClock)), namespaces, services }
  const make = (): SchedulerPlugin[] => [
    podTopologySpread(listers, DEFAULT_ARGS.PodTopologySpread),
    interPodAffinity(namespaces, DEFAULT_ARGS.InterPodAffinity),
  ]
  let refused = 0
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), steps => {
      const cache = new SchedulerCache()
      const kept = make()
      let pods: Pod[] = []
      for (const name of NODES) cache.setNode(makeNode(name, { labels: { [ZONE]: name < 'c' ? 'x' : 'y' } }))
      for (const [i, one] of steps.entries()) {
        const at = 'pod' in one ? one.pod % Math.max(1, pods.length) : 0
        const pod = pods[at]
        if (one.what === 'place') {
          const made = makePod(`p-${i}`, { ...(one.labels ? { labels: one.labels } : {}), spec: one.asked })
          const bound = { ...made, spec: { ...made.spec, nodeName: one.nodeName } }
          if (one.assumed) cache.assume(podInfoOf(made), one.nodeName)
          else cache.setPod(bound)
          pods.push(bound)
        } else if (one.what === 'remove' && pod) {
          cache.removePod(pod.metadata.uid)
          pods = pods.filter(each => each !== pod)
        } else if (one.what === 'ends' && pod) {
          pods[at] = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
          cache.setPod(pods[at])
        } else if (one.what === 'confirm' && pod) cache.setPod({ ...pod })
        else if (one.what === 'node') {
          const nodeLabels = { ...(one.zone ? { [ZONE]: one.zone } : {}), ...(one.ssd ? { disk: 'ssd' } : {}) }
          cache.setNode(makeNode(one.nodeName, { labels: nodeLabels, spec: one.tainted ? { taints: [taint] } : {} }))
        } else if (one.what === 'gone') cache.removeNode(one.nodeName)
        else if (one.what === 'ask') {
          const asks = makePod(`q-${i}`, { ...(one.labels ? { labels: one.labels } : {}), spec: one.asked })
          const fresh = make()
          for (const [which, plugin] of kept.entries()) {
            const said = answers(plugin, cache, asks)
            expect(said).toEqual(answers(fresh[which]!, cache, asks))
            if (JSON.stringify(said).includes('Unschedulable')) refused++
          }
        }
      }
    }),
    { numRuns: 150, seed: 7 },
  )
  expect(refused).toBeGreaterThan(100)
})

test('the fewest pods of any domain are known after every change', () => {
  const changes = fc.array(fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.integer({ min: -3, max: 3 })))
  fc.assert(
    fc.property(changes, fc.integer({ min: 1, max: 4 }), (list, minDomains) => {
      const counts = new DomainCounts()
      const model = new Map<string, number>()
      for (const [domain, amount] of list) {
        counts.add(domain, amount)
        model.set(domain, (model.get(domain) ?? 0) + amount)
        expect(counts.at(domain)).toBe(model.get(domain))
        expect(counts.least(minDomains)).toBe(model.size < minDomains ? 0 : Math.min(...model.values()))
      }
    }),
  )
})
