import { describe, expect, test } from 'vitest'
import { CycleState } from '../../../src/main/scheduler/framework/cycle-state.ts'
import { describeFit } from '../../../src/main/scheduler/framework/fit-error.ts'
import { unresolvable, unschedulable } from '../../../src/main/scheduler/framework/status.ts'
import { podInfoOf, podRequests } from '../../../src/main/scheduler/cache/pod-info.ts'
import { SchedulerCache } from '../../../src/main/scheduler/cache/scheduler-cache.ts'
import { DEFAULT_ARGS, type ScoringStrategy } from '../../../src/main/scheduler/config/plugin-args.ts'
import { imageLocality } from '../../../src/main/scheduler/plugins/image-locality/image-locality.ts'
import { nodeAffinity } from '../../../src/main/scheduler/plugins/node-affinity/node-affinity.ts'
import { nodeDeclaredFeatures } from '../../../src/main/scheduler/plugins/node-declared-features/node-declared-features.ts'
import { nodeName } from '../../../src/main/scheduler/plugins/node-name/node-name.ts'
import { nodePorts } from '../../../src/main/scheduler/plugins/node-ports/node-ports.ts'
import { nodeResourcesBalancedAllocation } from '../../../src/main/scheduler/plugins/node-resources-balanced-allocation/node-resources-balanced-allocation.ts'
import { nodeResourcesFit } from '../../../src/main/scheduler/plugins/node-resources-fit/node-resources-fit.ts'
import { nodeUnschedulable } from '../../../src/main/scheduler/plugins/node-unschedulable/node-unschedulable.ts'
import { taintToleration } from '../../../src/main/scheduler/plugins/taint-toleration/taint-toleration.ts'
import type { PodSpec } from '../../../src/shared/api/core/v1.ts'
import { ObjectCache } from '../../../src/shared/client/lister.ts'
import { type NodeParts, type PodParts, infoOf, makeNode, makePod } from './fixtures.ts'

const state = new CycleState()
const dedicated = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }
const port = (hostPort: number, hostIP?: string, protocol?: string): PodParts => ({
  spec: {
    containers: [
      {
        name: 'c',
        image: 'i',
        ports: [{ containerPort: 80, hostPort, ...(hostIP ? { hostIP } : {}), ...(protocol ? { protocol } : {}) }],
      },
    ],
  } as unknown as Partial<PodSpec>,
})
const nodeTerm = (key: string, operator: string, values: string[] = []): PodParts => ({
  spec: {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
        },
      },
    },
  },
})
const fit = (strategy: Partial<ScoringStrategy> = {}) =>
  nodeResourcesFit(
    {
      ...DEFAULT_ARGS.NodeResourcesFit,
      scoringStrategy: { ...DEFAULT_ARGS.NodeResourcesFit.scoringStrategy, ...strategy },
    },
    { deviceClasses: new ObjectCache() },
  )
const plugins = {
  nodeAffinity: nodeAffinity(),
  nodeName,
  nodePorts,
  nodeResourcesFit: fit(),
  nodeUnschedulable,
  taintToleration,
}
type Row = [string, keyof typeof plugins, PodParts, NodeParts, PodParts[], string, string[]]
const ok: [string, string[]] = ['Success', []]
const affinityNo: [string, string[]] = [
  'UnschedulableAndUnresolvable',
  ["node(s) didn't match Pod's node affinity/selector"],
]
const portsNo: [string, string[]] = ['Unschedulable', ["node(s) didn't have free ports for the requested pod ports"]]

const rows: Row[] = [
  [
    'a pod that names another node does not fit',
    'nodeName',
    { spec: { nodeName: 'other' } },
    {},
    [],
    'UnschedulableAndUnresolvable',
    ["node(s) didn't match the requested node name"],
  ],
  ['a pod that names the node fits', 'nodeName', { spec: { nodeName: 'n' } }, {}, [], ...ok],
  [
    'a cordoned node takes nothing',
    'nodeUnschedulable',
    {},
    { spec: { unschedulable: true } },
    [],
    'UnschedulableAndUnresolvable',
    ['node(s) were unschedulable'],
  ],
  [
    'a cordoned node takes what tolerates it',
    'nodeUnschedulable',
    { spec: { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] } },
    { spec: { unschedulable: true } },
    [],
    ...ok,
  ],
  [
    'a hard taint keeps a pod off',
    'taintToleration',
    {},
    { spec: { taints: [dedicated] } },
    [],
    'UnschedulableAndUnresolvable',
    ['node(s) had untolerated taint {dedicated: gpu}'],
  ],
  [
    'a taint without value is shown with an empty one',
    'taintToleration',
    {},
    { spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } },
    [],
    'UnschedulableAndUnresolvable',
    ['node(s) had untolerated taint {k: }'],
  ],
  [
    'a soft taint keeps nothing off',
    'taintToleration',
    {},
    { spec: { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] } },
    [],
    ...ok,
  ],
  [
    'a toleration of the same value lets in',
    'taintToleration',
    { spec: { tolerations: [{ key: 'dedicated', value: 'gpu' }] } },
    { spec: { taints: [dedicated] } },
    [],
    ...ok,
  ],
  [
    'nodeSelector wants the exact label',
    'nodeAffinity',
    { spec: { nodeSelector: { disk: 'ssd' } } },
    { labels: { disk: 'hdd' } },
    [],
    ...affinityNo,
  ],
  [
    'nodeSelector finds its label',
    'nodeAffinity',
    { spec: { nodeSelector: { disk: 'ssd' } } },
    { labels: { disk: 'ssd' } },
    [],
    ...ok,
  ],
  [
    'a nodeSelector called __proto__ is a label',
    'nodeAffinity',
    { spec: { nodeSelector: JSON.parse('{"__proto__":"x"}') as Record<string, string> } },
    {},
    [],
    ...affinityNo,
  ],
  ['required affinity In', 'nodeAffinity', nodeTerm('zone', 'In', ['a', 'b']), { labels: { zone: 'b' } }, [], ...ok],
  [
    'required affinity NotIn',
    'nodeAffinity',
    nodeTerm('zone', 'NotIn', ['b']),
    { labels: { zone: 'b' } },
    [],
    ...affinityNo,
  ],
  [
    'required affinity Gt compares numbers',
    'nodeAffinity',
    nodeTerm('gen', 'Gt', ['9']),
    { labels: { gen: '10' } },
    [],
    ...ok,
  ],
  ['a host port in use is refused', 'nodePorts', port(80), {}, [port(80)], ...portsNo],
  ['the same port on another address is free', 'nodePorts', port(80, '10.0.0.1'), {}, [port(80, '10.0.0.2')], ...ok],
  ['a port on every address collides with one address', 'nodePorts', port(80), {}, [port(80, '10.0.0.2')], ...portsNo],
  ['the same port of another protocol is free', 'nodePorts', port(80, '', 'UDP'), {}, [port(80)], ...ok],
  [
    'what is left must suffice',
    'nodeResourcesFit',
    { requests: { cpu: '2' } },
    {},
    [{ requests: { cpu: '2500m' } }],
    'Unschedulable',
    ['Insufficient cpu'],
  ],
  [
    'exactly what is left fits',
    'nodeResourcesFit',
    { requests: { cpu: '1500m' } },
    {},
    [{ requests: { cpu: '2500m' } }],
    ...ok,
  ],
  [
    'more than the node has cannot be helped',
    'nodeResourcesFit',
    { requests: { memory: '9Gi' } },
    {},
    [],
    'UnschedulableAndUnresolvable',
    ['Insufficient memory'],
  ],
  [
    'every shortage is told',
    'nodeResourcesFit',
    { requests: { cpu: '5', memory: '9Gi', 'example.com/gpu': '1' } },
    {},
    [],
    'UnschedulableAndUnresolvable',
    ['Insufficient cpu', 'Insufficient memory', 'Insufficient example.com/gpu'],
  ],
  [
    'the number of pods is limited',
    'nodeResourcesFit',
    {},
    { allocatable: { pods: '1' } },
    [{}],
    'Unschedulable',
    ['Too many pods'],
  ],
]

describe('filters', () => {
  test.each(rows)('%s', (_name, plugin, pod, node, others, code, reasons) => {
    const info = infoOf(
      makeNode('n', node),
      others.map((parts, i) => makePod(`other-${i}`, parts)),
    )
    expect(plugins[plugin].filter?.(state, podInfoOf(makePod('p', pod)), info)).toEqual({ code, reasons })
  })
})

describe('NodeDeclaredFeatures', () => {
  const restartsAll = podInfoOf(
    makePod('p', {
      spec: {
        initContainers: [
          {
            ...{ name: 'c', image: 'i', restartPolicy: 'Always' },
            restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [7] } }],
          },
        ],
      },
    }),
  )
  const node = (...declaredFeatures: string[]) => {
    const made = makeNode('n')
    return infoOf({ ...made, status: { ...made.status, declaredFeatures } })
  }
  const view = { nodes: [], node: () => undefined, nodesWithAffinity: [] }

  test('a pod that restarts as a whole goes where nodes declare to do that', () => {
    expect(nodeDeclaredFeatures.preFilter?.(state, restartsAll, view).status.code).toBe('Success')
    expect(nodeDeclaredFeatures.filter?.(state, restartsAll, node('Other'))).toEqual({
      code: 'UnschedulableAndUnresolvable',
      reasons: ["node(s) didn't match Pod's required features"],
    })
    const declaring = node('Other', 'RestartAllContainersOnContainerExits')
    expect(nodeDeclaredFeatures.filter?.(state, restartsAll, declaring).code).toBe('Success')
  })
  test('other pods are not held up', () => {
    expect(nodeDeclaredFeatures.preFilter?.(state, podInfoOf(makePod('p')), view).status.code).toBe('Skip')
  })
  test('a node that declares something else than before is looked at again', () => {
    const [hint] = nodeDeclaredFeatures.requeueOn ?? []
    const [older, newer] = [node().node!, node('RestartAllContainersOnContainerExits').node!]
    const helps = (object: typeof older, old: typeof older) =>
      hint?.helps?.(restartsAll.pod, { kind: 'Node', action: 'updated', object, old }, view)
    expect([helps(newer, older), helps(older, older)]).toEqual([true, false])
  })
})

describe('NodeAffinity by names of nodes', () => {
  const named = (...terms: string[][][]) => {
    const nodeSelectorTerms = terms.map(fields => ({
      matchFields: fields.map(values => ({ key: 'metadata.name', operator: 'In', values })),
    }))
    const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } }
    const pod = podInfoOf(makePod('p', { spec: { affinity: { nodeAffinity: required } } }))
    const view = { nodes: [], node: () => undefined, nodesWithAffinity: [] }
    return nodeAffinity().preFilter?.(new CycleState(), pod, view)
  }
  test('only these are looked at: any of the terms, but all that a term says', () => {
    expect(named([['a', 'b']], [['c']])?.nodeNames).toEqual(new Set(['a', 'b', 'c']))
    expect(
      named([
        ['a', 'b'],
        ['b', 'c'],
      ])?.nodeNames,
    ).toEqual(new Set(['b']))
    expect(named([['a']], [])?.nodeNames).toBeUndefined()
  })
  test('terms that contradict themselves are told', () => {
    expect(named([['a'], ['b']])?.status).toEqual({
      code: 'UnschedulableAndUnresolvable',
      reasons: ['pod affinity terms conflict'],
    })
  })
})

describe('scores', () => {
  const balanced = nodeResourcesBalancedAllocation(DEFAULT_ARGS.NodeResourcesBalancedAllocation.resources)
  const pod = podInfoOf(makePod('p', { requests: { cpu: '1', memory: '1Gi' } }))
  test('NodeResourcesFit prefers the node with more left', () => {
    const idle = infoOf(makeNode('idle'))
    const busy = infoOf(makeNode('busy'), [makePod('o', { requests: { cpu: '2', memory: '4Gi' } })])
    // (75 % of cpu + 87 % of memory) / 2, (25 % + 37 %) / 2
    expect([idle, busy].map(node => fit().score?.(state, pod, node))).toEqual([81, 31])
    expect([idle, busy].map(node => fit({ type: 'MostAllocated' }).score?.(state, pod, node))).toEqual([18, 68])
  })
  test('NodeResourcesFit weighs resources, and an extended one only for pods that ask for it', () => {
    const resources = [
      { name: 'cpu', weight: 1 },
      { name: 'example.com/gpu', weight: 3 },
    ]
    const node = infoOf(makeNode('n', { allocatable: { 'example.com/gpu': '4' } }))
    const asking = podInfoOf(makePod('g', { requests: { cpu: '1', 'example.com/gpu': '1' } }))
    const packing = fit({ type: 'MostAllocated', resources })
    expect(packing.score?.(state, pod, node)).toBe(25)
    expect(packing.score?.(state, asking, node)).toBe(25)
    expect(fit({ resources }).score?.(state, asking, node)).toBe(75)
  })
  test('RequestedToCapacityRatio follows the lines between its points', () => {
    const shape = [
      { utilization: 0, score: 0 },
      { utilization: 50, score: 10 },
      { utilization: 100, score: 0 },
    ]
    const cpu = [{ name: 'cpu', weight: 1 }]
    const scorer = fit({ type: 'RequestedToCapacityRatio', resources: cpu, shape })
    const score = (used: string) =>
      scorer.score?.(state, pod, infoOf(makeNode('n'), [makePod('o', { requests: { cpu: used } })]))
    // 1 cpu more than is used, of 4: 25 %, 50 %, 75 %, 100 %.
    expect(['0', '1', '2', '3'].map(score)).toEqual([50, 100, 50, 0])
  })
  test('NodeAffinity enforces what the configuration adds for every pod', () => {
    const ssd = { key: 'disk', operator: 'In', values: ['ssd'] }
    const added = nodeAffinity({
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [ssd] }] },
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 7, preference: { matchExpressions: [{ key: 'fast', operator: 'Exists' }] } },
      ],
    })
    const [slow, fast] = [
      { disk: 'hdd', fast: '' },
      { disk: 'ssd', fast: '' },
    ].map(labels => infoOf(makeNode('n', { labels })))
    expect(added.filter?.(state, pod, slow!)).toEqual({
      code: 'UnschedulableAndUnresolvable',
      reasons: ["node(s) didn't match scheduler-enforced node affinity"],
    })
    expect(added.filter?.(state, pod, fast!).code).toBe('Success')
    expect(added.score?.(state, pod, fast!)).toBe(7)
  })
  test('NodeResourcesBalancedAllocation counts only what is really requested', () => {
    const even = infoOf(makeNode('even', { allocatable: { cpu: '4', memory: '4Gi' } }), [makePod('idle')])
    expect(balanced.score?.(state, pod, even)).toBe(75)
  })
  test('NodeResourcesBalancedAllocation goes by what the pod makes better or worse', () => {
    const onNode = (allocatable: Record<string, string>, requests: Record<string, string>) =>
      balanced.score?.(state, pod, infoOf(makeNode('n', { allocatable }), [makePod('o', { requests })]))
    // A quarter of each more: it makes no difference, however uneven the node is.
    expect(onNode({ cpu: '4', memory: '4Gi' }, { cpu: '2' })).toBe(75)
    // From (0, 0) to (1, ¼): a deviation of 0.375 more.
    expect(onNode({ cpu: '1', memory: '4Gi' }, {})).toBe(56)
    // From (½, 0) to (¾, 1): 0.25 to 0.125.
    expect(onNode({ cpu: '4', memory: '1Gi' }, { cpu: '2' })).toBe(81)
    expect(balanced.preScore?.(state, podInfoOf(makePod('nothing')), []).code).toBe('Skip')
  })
  test('ImageLocality prefers nodes that have the images, those of its volumes among them, more so if many have them', () => {
    const image = (name: string, mib: number) => ({ names: [name], sizeBytes: mib * 1024 * 1024 })
    const with_ = (name: string, ...images: ReturnType<typeof image>[]) => infoOf(makeNode(name, { images }))
    const web = image('registry:5000/web:latest', 523)
    const model = image('models/large:2', 500)
    const nodes = [with_('none'), with_('web', web), with_('both', web, model), with_('small', image('tiny:1', 20))]
    const scores = (spec: Partial<PodSpec>) => {
      const cycle = new CycleState()
      const wanted = podInfoOf(makePod('p', { spec }))
      imageLocality.preFilter?.(cycle, wanted, { nodes, node: () => undefined, nodesWithAffinity: [] })
      if (imageLocality.preScore?.(cycle, wanted, nodes).code === 'Skip') return 'skipped'
      return nodes.map(node => imageLocality.score?.(cycle, wanted, node))
    }
    const containers = [{ name: 'c', image: 'registry:5000/web' }] as PodSpec['containers']
    // Half of the nodes have it: (523 / 2 − 23) of (1000 − 23) MiB.
    expect(scores({ containers })).toEqual([0, 24, 24, 0])
    const volumes = [{ name: 'v', image: { reference: 'models/large:2' } }]
    expect(scores({ containers, volumes })).toEqual([0, 24, 37, 0])
    expect(scores({ containers: [{ name: 'c', image: 'tiny:1' }] as PodSpec['containers'] })).toEqual([0, 0, 0, 0])
    expect(scores({ containers: [{ name: 'c', image: 'unknown' }] as PodSpec['containers'] })).toBe('skipped')
  })
  test('TaintToleration prefers nodes with fewer soft taints', () => {
    const scores = [0, 2, 1]
    taintToleration.normalize?.(state, pod, scores, [])
    expect(scores).toEqual([100, 0, 50])
  })
  test('NodeAffinity adds the weights of the terms that match', () => {
    const preferring = podInfoOf(
      makePod('p', {
        spec: {
          affinity: {
            nodeAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [
                { weight: 10, preference: { matchExpressions: [{ key: 'disk', operator: 'Exists' }] } },
                { weight: 5, preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] } },
              ],
            },
          },
        },
      }),
    )
    const score = (disk?: string) =>
      nodeAffinity().score?.(state, preferring, infoOf(makeNode('n', disk ? { labels: { disk } } : {})))
    expect([score('ssd'), score('hdd'), score()]).toEqual([15, 10, 0])
  })
})

describe('what a pod requests', () => {
  const container = (cpu: string, more = {}) => ({ name: 'c', image: 'i', resources: { requests: { cpu } }, ...more })
  test.each([
    ['the sum of its containers', { containers: [container('1'), container('2')] }, 3000],
    [
      'its largest init container when that is more',
      { containers: [container('1')], initContainers: [container('4')] },
      4000,
    ],
    [
      'sidecars beside the containers',
      { containers: [container('1')], initContainers: [container('2', { restartPolicy: 'Always' })] },
      3000,
    ],
    [
      'an init container beside the sidecars started before it',
      { containers: [container('1')], initContainers: [container('2', { restartPolicy: 'Always' }), container('3')] },
      5000,
    ],
    [
      'its own request over those of its containers',
      { containers: [container('1')], resources: { requests: { cpu: '6' } } },
      6000,
    ],
    ['overhead on top', { containers: [container('1')], overhead: { cpu: '250m' } }, 1250],
  ])('%s', (_name, spec, milli) => expect(podRequests(spec as unknown as PodSpec).cpuMilli).toBe(milli))
})

test('a pod may ask for huge pages as a whole', () => {
  const resources = { requests: { 'hugepages-2Mi': '6Mi' } }
  const containers = [{ name: 'c', image: 'i', resources: { requests: { 'hugepages-2Mi': '4Mi' } } }]
  expect(podRequests({ containers, resources } as unknown as PodSpec).scalar.get('hugepages-2Mi')).toBe(6 << 20)
})

test('what a pod asks for of an extended resource counts on its node alone', () => {
  const requests = { cpu: '1', 'example.com/gpu': '2' }
  const [busy, idle] = [infoOf(makeNode('busy'), [makePod('p', { requests })]), infoOf(makeNode('idle'))]
  expect([busy, idle].map(({ requested }) => requested.scalar.get('example.com/gpu'))).toEqual([2, undefined])
  expect(podInfoOf(makePod('q', { requests: { cpu: '1' } })).requests.scalar.size).toBe(0)
})

test.each([
  ['all of it', { cpu: '1', memory: '1Gi' }, { cpuMilli: 1000, memoryBytes: 1 << 30 }],
  ['no memory', { cpu: '1' }, { cpuMilli: 1000, memoryBytes: 200 << 20 }],
  ['no cpu', { memory: '1Gi' }, { cpuMilli: 100, memoryBytes: 1 << 30 }],
])('a pod whose container requests %s is scored by what it lacks as well', (_what, requests, scored) => {
  expect(podInfoOf(makePod('p', { requests })).scoredRequests).toMatchObject(scored)
})

describe('why no node fits', () => {
  const statuses = new Map([
    ['a', { ...unschedulable('Insufficient cpu'), plugin: 'NodeResourcesFit' }],
    ['b', { ...unresolvable('node(s) had untolerated taint {k: v}'), plugin: 'TaintToleration' }],
    ['c', { ...unresolvable('node(s) had untolerated taint {k: v}'), plugin: 'TaintToleration' }],
  ])
  test('reasons are counted over the nodes and sorted', () =>
    expect(describeFit(3, statuses)).toBe(
      '0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {k: v}.',
    ))
  test('a cluster without nodes says so, whatever else is wrong', () =>
    expect(describeFit(0, new Map(), unresolvable('x'))).toBe('no nodes available to schedule pods'))
})

describe('cache', () => {
  test('counts an assumed pod until it is forgotten, and a confirmed one where it really went', () => {
    const cache = new SchedulerCache()
    for (const name of ['a', 'b']) cache.setNode(makeNode(name))
    const pod = makePod('p', { requests: { cpu: '1' } })
    const used = () => ['a', 'b'].map(name => cache.node(name)?.requested.cpuMilli)
    cache.assume(podInfoOf(pod), 'a')
    expect(used()).toEqual([1000, 0])
    cache.forget(pod.metadata.uid)
    expect(used()).toEqual([0, 0])
    cache.assume(podInfoOf(pod), 'a')
    cache.setPod({ ...pod, spec: { ...pod.spec, nodeName: 'b' } })
    cache.forget(pod.metadata.uid)
    expect(used()).toEqual([0, 1000])
    cache.removePod(pod.metadata.uid)
    expect(used()).toEqual([0, 0])
  })
  test('a node that comes back finds its pods counted', () => {
    const cache = new SchedulerCache()
    cache.setPod(makePod('p', { requests: { cpu: '1' }, spec: { nodeName: 'a' } }))
    expect(cache.nodes).toEqual([])
    cache.setNode(makeNode('a'))
    expect(cache.nodes.map(({ requested }) => requested.cpuMilli)).toEqual([1000])
    cache.removeNode('a')
    expect(cache.nodes).toEqual([])
  })
})
