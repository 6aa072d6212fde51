import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseSchedulerConfiguration } from '../../../src/main/scheduler/config/configuration.ts'
import { DEFAULT_PLUGINS } from '../../../src/main/scheduler/default-plugins.ts'
import { listersOf } from '../../../src/main/scheduler/framework/listers.ts'
import { having } from '../../../src/main/scheduler/framework/profile.ts'
import { makeProfile } from '../../../src/main/scheduler/profiles.ts'
import { Event, Pod } from '../../../src/shared/api/core/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { InformerFactory } from '../../../src/shared/client/informer-factory.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { eventually } from '../../support/eventually.ts'
import { startSchedulingCluster } from './support.ts'

const HEAD = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n'
const read = (text: string) => parseSchedulerConfiguration(parse(HEAD + text))
const profileOf = (text: string) => {
  const client = {} as Client // nothing is read or written
  const parts = {
    client,
    clock: systemClock,
    listers: listersOf(new InformerFactory(client, systemClock)),
    events: { event: () => undefined },
    random: () => 0,
    signal: new AbortController().signal,
  }
  return makeProfile(parts, read(text).profiles[0]!)
}
const names = (text: string, point: 'filter' | 'score') => having(profileOf(text), point).map(({ name }) => name)
const weights = (text: string) =>
  Object.fromEntries(profileOf(text).plugins.map(({ plugin, weight }) => [plugin.name, weight]))

describe('a KubeSchedulerConfiguration', () => {
  test("without profiles is upstream's default one", () => {
    const { profiles, podInitialBackoffMs, podMaxBackoffMs } = read('')
    expect(profiles).toHaveLength(1)
    expect(profiles[0]?.schedulerName).toBe('default-scheduler')
    expect(profiles[0]?.plugins).toEqual(DEFAULT_PLUGINS.map(({ name, weight }) => ({ name, weight })))
    expect({ podInitialBackoffMs, podMaxBackoffMs }).toEqual({ podInitialBackoffMs: 1000, podMaxBackoffMs: 10_000 })
  })

  test('an extension point drops a plugin there alone, multiPoint everywhere', () => {
    const text = (point: string) => `profiles: [{plugins: {${point}: {disabled: [{name: TaintToleration}]}}}]`
    expect(names(text('score'), 'score')).not.toContain('TaintToleration')
    expect(names(text('score'), 'filter')).toContain('TaintToleration')
    expect(names(text('multiPoint'), 'score')).not.toContain('TaintToleration')
    expect(names(text('multiPoint'), 'filter')).not.toContain('TaintToleration')
  })

  test('`*` drops all, and what is enabled beside it stays', () => {
    const text =
      'profiles: [{plugins: {score: {disabled: [{name: "*"}], enabled: [{name: ImageLocality, weight: 9}]}}}]'
    expect(names(text, 'score')).toEqual(['ImageLocality'])
    expect(weights(text)['ImageLocality']).toBe(9)
    expect(names(text, 'filter')).toContain('NodeResourcesFit')
  })

  test('a weight is changed at score or at multiPoint; without one the default stays', () => {
    const enabled = (point: string, entry: string) => `profiles: [{plugins: {${point}: {enabled: [${entry}]}}}]`
    expect(weights(enabled('score', '{name: NodeAffinity, weight: 5}'))['NodeAffinity']).toBe(5)
    expect(weights(enabled('multiPoint', '{name: NodeAffinity, weight: 5}'))['NodeAffinity']).toBe(5)
    expect(weights(enabled('multiPoint', '{name: NodeAffinity}'))['NodeAffinity']).toBe(2)
  })

  test("percentageOfNodesToScore is the file's unless the profile has its own", () => {
    const { profiles } = read(
      'percentageOfNodesToScore: 30\nprofiles: [{schedulerName: a}, {schedulerName: b, percentageOfNodesToScore: 70}]',
    )
    expect(profiles.map(profile => profile.percentageOfNodesToScore)).toEqual([30, 70])
  })

  test('arguments of plugins', () => {
    const [profile] = read(`
podInitialBackoffSeconds: 2
profiles:
  - pluginConfig:
      - name: NodeResourcesFit
        args:
          apiVersion: kubescheduler.config.k8s.io/v1
          kind: NodeResourcesFitArgs
          ignoredResourceGroups: [example.com]
          scoringStrategy:
            type: RequestedToCapacityRatio
            resources: [{name: cpu, weight: 3}]
            requestedToCapacityRatio: {shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]}
      - name: PodTopologySpread
        args:
          defaultingType: List
          defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]
      - {name: InterPodAffinity, args: {hardPodAffinityWeight: 50}}
`).profiles
    expect(profile?.args.NodeResourcesFit).toEqual({
      ignoredResources: [],
      ignoredResourceGroups: ['example.com'],
      scoringStrategy: {
        type: 'RequestedToCapacityRatio',
        resources: [{ name: 'cpu', weight: 3 }],
        shape: [
          { utilization: 0, score: 0 },
          { utilization: 100, score: 10 },
        ],
      },
    })
    expect(profile?.args.PodTopologySpread.defaultConstraints).toHaveLength(1)
    expect(profile?.args.InterPodAffinity.hardPodAffinityWeight).toBe(50)
    expect(profile?.args.VolumeBinding.bindTimeoutSeconds).toBe(600)
    expect(profile?.args.DynamicResources).toEqual({ bindingTimeoutMs: 600_000, filterTimeoutMs: 10_000 })
  })
  test('durations are read as Go writes them', () => {
    const [profile] = read(
      'profiles: [{pluginConfig: [{name: DynamicResources, args: {bindingTimeout: 1m30s, filterTimeout: 0s}}]}]',
    ).profiles
    expect(profile?.args.DynamicResources).toEqual({ bindingTimeoutMs: 90_000, filterTimeoutMs: 0 })
  })

  test.each([
    ['profile: []', 'unknown field "profile"'],
    ['profiles: [{name: x}]', 'unknown field "profiles[0].name"'],
    ['profiles: {}', 'profiles must be a list'],
    [
      'profiles: [{schedulerName: a}, {schedulerName: a}]',
      'profiles[1].schedulerName: another profile has the name "a"',
    ],
    ['percentageOfNodesToScore: 101', 'percentageOfNodesToScore must be a whole number from 0 to 100'],
    [
      'podInitialBackoffSeconds: 20\npodMaxBackoffSeconds: 5',
      'podMaxBackoffSeconds must not be less than podInitialBackoffSeconds',
    ],
    [
      'profiles: [{plugins: {score: {enabled: [{name: Coscheduling}]}}}]',
      'profiles[0].plugins.score.enabled[0].name: there is no plugin "Coscheduling"',
    ],
    [
      'profiles: [{plugins: {bind: {disabled: [{name: "*"}]}}}]',
      'profiles[0].plugins.bind: at least one bind plugin is needed: DefaultBinder',
    ],
    ['profiles: [{plugins: {sort: {}}}]', 'unknown field "profiles[0].plugins.sort"'],
    [
      'profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: Random}}}]}]',
      'profiles[0].pluginConfig[0].args.scoringStrategy.type must be one of LeastAllocated, MostAllocated, RequestedToCapacityRatio, not "Random"',
    ],
    [
      'profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: RequestedToCapacityRatio}}}]}]',
      'profiles[0].pluginConfig[0].args.scoringStrategy.requestedToCapacityRatio.shape is needed, with at least one point',
    ],
    [
      'profiles: [{pluginConfig: [{name: PodTopologySpread, args: {defaultConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: DoNotSchedule}]}}]}]',
      'profiles[0].pluginConfig[0].args.defaultConstraints need defaultingType List',
    ],
    [
      'profiles: [{pluginConfig: [{name: NodeAffinity, args: {kind: FitArgs}}]}]',
      'profiles[0].pluginConfig[0].args.kind must be NodeAffinityArgs, not "FitArgs"',
    ],
    [
      'profiles: [{pluginConfig: [{name: DynamicResources, args: {bindingTimeout: 10ms}}]}]',
      'profiles[0].pluginConfig[0].args.bindingTimeout must be a duration of at least a second, such as "10m"',
    ],
    [
      'profiles: [{pluginConfig: [{name: DynamicResources, args: {filterTimeout: -1s}}]}]',
      'profiles[0].pluginConfig[0].args.filterTimeout must be a duration of zero or more, such as "10s"',
    ],
  ])('%j is refused with what is wrong', (text, message) => {
    expect(() => read(text)).toThrow(message)
  })
  test('another kind is refused', () => {
    expect(() => parseSchedulerConfiguration({ apiVersion: 'v1', kind: 'Pod' })).toThrow(
      'apiVersion kubescheduler.config.k8s.io/v1 and kind KubeSchedulerConfiguration are wanted',
    )
  })
})

test('images count where a profile has only their score, as upstream needs no more for it', async () => {
  await using cluster = await startSchedulingCluster({
    configuration: read(
      'profiles: [{plugins: {preFilter: {disabled: [{name: "*"}]}, preScore: {disabled: [{name: "*"}]}, score: {disabled: [{name: "*"}], enabled: [{name: ImageLocality}]}}}]',
    ),
  })
  const images = [{ names: ['large:v1'], sizeBytes: 3_000 * 1024 * 1024 }]
  for (const name of ['a', 'b', 'c', 'd', 'e']) await cluster.addNode(name, name === 'd' ? { images } : {})
  for (const name of ['p1', 'p2', 'p3']) {
    await cluster.addPod(name, { spec: { containers: [{ name: 'c', image: 'large:v1' }] } })
    expect(await cluster.bound(name)).toBe('d')
  }
})

test('each pod is placed by the profile of its scheduler name, which its Events tell: one packs, the other spreads', async () => {
  await using cluster = await startSchedulingCluster({
    configuration: read(`
profiles:
  - schedulerName: default-scheduler
  - schedulerName: packer
    plugins: {score: {disabled: [{name: "*"}], enabled: [{name: NodeResourcesFit, weight: 1}]}}
    pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated}}}]
`),
  })
  for (const name of ['a', 'b']) await cluster.addNode(name)
  const place = async (name: string, schedulerName: string) => {
    await cluster.addPod(name, { requests: { cpu: '500m', memory: '1Gi' }, spec: { schedulerName } })
    return cluster.bound(name)
  }
  const first = await place('p1', 'packer')
  expect([await place('p2', 'packer'), await place('p3', 'packer')]).toEqual([first, first])
  expect(await place('s1', 'default-scheduler')).not.toBe(first)
  const reporterOf = async (pod: string) => {
    const { items } = await cluster.client.list(Event, { namespace: 'default' })
    return items.find(event => event.involvedObject.name === pod)?.reportingComponent ?? false
  }
  for (const [pod, name] of [
    ['p1', 'packer'],
    ['s1', 'default-scheduler'],
  ] as const)
    expect(await eventually(() => reporterOf(pod))).toBe(name)
  await cluster.addPod('foreign', { spec: { schedulerName: 'nobody' } })
  await eventually(async () => (await cluster.explain({ podName: 'foreign' })).state === 'Foreign')
  expect((await cluster.client.get(Pod, { namespace: 'default', name: 'foreign' })).spec.nodeName).toBeUndefined()
})
