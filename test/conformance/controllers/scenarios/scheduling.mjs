// Where pods go, and who makes room: each scenario has nodes of its own.
const PRIORITIES = '/apis/scheduling.k8s.io/v1/priorityclasses'
const container = (requests = {}, more = {}) => ({ name: 'main', image: 'run', resources: { requests }, ...more })
const pod =
  (name, spec = {}, labels = {}) =>
  side => ({
    metadata: { name, labels: { app: 'placed', ...labels } },
    spec: {
      terminationGracePeriodSeconds: 0,
      nodeSelector: { only: side.namespace },
      containers: [container()],
      ...spec,
    },
  })
const nodeName = (side, letter) => `${letter}-${side.namespace}`
const nodes =
  (letters, options = {}) =>
  side =>
    Promise.all(
      letters.map(letter =>
        side.nodes.add(nodeName(side, letter), {
          labels: { only: side.namespace, zone: letter < 'c' ? 'west' : 'east', letter },
          ...(typeof options === 'function' ? options(letter) : options),
        }),
      ),
    )
/** Creates one pod after the other, so that each is placed beside those before. */
const create =
  (...pods) =>
  async side => {
    for (const make of pods) {
      await side.create('v1/pods', make(side))
      await new Promise(resolve => setTimeout(resolve, 400))
    }
  }
/** Where all of them are, as it is compared: nodes without the scenario's name. */
const place = title => [
  title,
  async side => {
    await new Promise(resolve => setTimeout(resolve, 3_000))
    const { items } = await side.get('v1/pods')
    const data = Object.fromEntries(
      items.map(({ metadata, spec }) => [metadata.name, spec.nodeName ? `node ${spec.nodeName[0]}` : 'none']),
    )
    await side.create('v1/configmaps', { metadata: { name: `places-${Object.keys(data).length}` }, data })
  },
]
const count = title => [
  title,
  async side => {
    await new Promise(resolve => setTimeout(resolve, 3_000))
    const { items } = await side.get('v1/pods')
    const sums = {}
    for (const { spec } of items)
      sums[spec.nodeName ? spec.nodeName[0] : 'none'] = (sums[spec.nodeName?.[0] ?? 'none'] ?? 0) + 1
    await side.create('v1/configmaps', {
      metadata: { name: `counts-${items.length}` },
      data: { counts: JSON.stringify(Object.entries(sums).sort()) },
    })
  },
]
const many = (from, to, spec, labels) =>
  create(...Array.from({ length: to - from }, (_, i) => pod(`pod-${from + i}`, spec, labels)))
const spread = (topologyKey, more = {}) => ({
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'placed' } },
      ...more,
    },
  ],
})
const matching = labels => ({ labelSelector: { matchLabels: labels } })
const host = 'kubernetes.io/hostname'
const priority =
  (name, value, more = {}) =>
  side =>
    side.create(PRIORITIES, { metadata: { name: `${name}-${side.namespace}` }, value, ...more })
const ofClass =
  (name, spec = {}) =>
  side => ({ priorityClassName: `${name}-${side.namespace}`, ...spec })
const podOf = (name, className, spec, labels) => side => pod(name, ofClass(className, spec)(side), labels)(side)
const two = { allocatable: { cpu: '2', memory: '4Gi', pods: '10' } }

export const scenarios = [
  {
    name: 'pods are spread over zones and nodes',
    steps: [
      ['nodes', nodes(['a', 'b', 'c'])],
      ['over zones', many(0, 4, spread('zone'))],
      count('counted'),
      ['over nodes', many(4, 7, spread(host))],
      count('counted again'),
      ['more zones than there are', create(pod('lonely', spread('zone', { minDomains: 3 })))],
    ],
  },
  {
    name: 'pods that want neighbours, and none',
    steps: [
      ['nodes', nodes(['a', 'b', 'c'])],
      [
        'a leader in the east',
        side =>
          create(pod('leader', { nodeSelector: { only: side.namespace, letter: 'c' } }, { role: 'leader' }))(side),
      ],
      [
        'those who follow, and those who flee',
        create(
          pod('follows', {
            affinity: {
              podAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { topologyKey: host, ...matching({ role: 'leader' }) },
                ],
              },
            },
          }),
          pod('flees', {
            affinity: {
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { topologyKey: 'zone', ...matching({ role: 'leader' }) },
                ],
              },
            },
          }),
          pod('would-follow', {
            affinity: {
              podAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [
                  { weight: 100, podAffinityTerm: { topologyKey: host, ...matching({ role: 'leader' }) } },
                ],
              },
            },
          }),
          pod(
            'first-of-its-kind',
            {
              affinity: {
                podAffinity: {
                  requiredDuringSchedulingIgnoredDuringExecution: [
                    { topologyKey: 'zone', ...matching({ role: 'own' }) },
                  ],
                },
              },
            },
            { role: 'own' },
          ),
        ),
      ],
      [
        'one a node',
        create(
          ...['x', 'y', 'z', 'too-many'].map(name =>
            pod(
              name,
              {
                affinity: {
                  podAntiAffinity: {
                    requiredDuringSchedulingIgnoredDuringExecution: [
                      { topologyKey: host, ...matching({ role: 'one' }) },
                    ],
                  },
                },
              },
              { role: 'one' },
            ),
          ),
        ),
      ],
    ],
  },
  {
    name: 'what nodes are preferred',
    steps: [
      [
        'nodes',
        nodes(['a', 'b', 'c'], letter =>
          letter === 'a' ? { taints: [{ key: 'rather-not', effect: 'PreferNoSchedule' }] } : {},
        ),
      ],
      [
        'pods',
        create(
          pod('by-weight', {
            affinity: {
              nodeAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [
                  { weight: 10, preference: { matchExpressions: [{ key: 'letter', operator: 'In', values: ['b'] }] } },
                  { weight: 50, preference: { matchExpressions: [{ key: 'letter', operator: 'In', values: ['c'] }] } },
                ],
              },
            },
          }),
          pod('large', {
            containers: [container({ cpu: '6' })],
            affinity: {
              nodeAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: {
                  nodeSelectorTerms: [{ matchExpressions: [{ key: 'letter', operator: 'In', values: ['b'] }] }],
                },
              },
            },
          }),
          pod('to-the-emptiest', { containers: [container({ cpu: '3' })] }),
          pod('greater', {
            affinity: {
              nodeAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: {
                  nodeSelectorTerms: [{ matchExpressions: [{ key: 'letter', operator: 'NotIn', values: ['b', 'c'] }] }],
                },
              },
            },
          }),
        ),
      ],
      place('places'),
    ],
  },
  {
    name: 'the important make room',
    steps: [
      [
        'classes and a node',
        async side => {
          await nodes(['a'], two)(side)
          await priority('low', 10)(side)
          await priority('high', 1000)(side)
          await priority('polite', 1000, { preemptionPolicy: 'Never' })(side)
        },
      ],
      [
        'it is full',
        create(
          podOf('one', 'low', { containers: [container({ cpu: '1' })] }),
          podOf('two', 'low', { containers: [container({ cpu: '1' })] }),
        ),
      ],
      ['one who waits', create(podOf('polite', 'polite', { containers: [container({ cpu: '1' })] }))],
      ['one who does not', create(podOf('important', 'high', { containers: [container({ cpu: '1' })] }))],
      place('places'),
    ],
  },
  {
    name: 'the important spare those with a budget',
    steps: [
      [
        'classes and nodes',
        async side => {
          await nodes(['a', 'b'], two)(side)
          await priority('low', 10)(side)
          await priority('high', 1000)(side)
        },
      ],
      [
        'full nodes',
        async side => {
          await side.create('policy/v1/poddisruptionbudgets', {
            metadata: { name: 'spared' },
            spec: { minAvailable: 1, selector: { matchLabels: { spared: 'yes' } } },
          })
          await create(
            podOf(
              'spared',
              'low',
              { containers: [container({ cpu: '2' })], nodeSelector: { only: side.namespace, letter: 'a' } },
              { spared: 'yes' },
            ),
            podOf('victim', 'low', {
              containers: [container({ cpu: '2' })],
              nodeSelector: { only: side.namespace, letter: 'b' },
            }),
          )(side)
        },
      ],
      ['the important one', create(podOf('important', 'high', { containers: [container({ cpu: '2' })] }))],
      place('places'),
    ],
  },
  {
    name: 'pods by name, cordoned nodes, and too many of them',
    steps: [
      ['nodes', nodes(['a', 'b'], { allocatable: { cpu: '4', memory: '4Gi', pods: '2' } })],
      [
        'one is cordoned',
        side => side.merge(`/api/v1/nodes/${nodeName(side, 'b')}`, { spec: { unschedulable: true } }),
      ],
      ['three pods', create(pod('one'), pod('two'), pod('three'))],
      ['by name', async side => side.create('v1/pods', pod('named', { nodeName: nodeName(side, 'b') })(side))],
      [
        'it is open again',
        side => side.merge(`/api/v1/nodes/${nodeName(side, 'b')}`, { spec: { unschedulable: null } }),
      ],
      place('places'),
    ],
  },
  {
    name: 'extended resources, sidecars and what init containers want',
    steps: [
      [
        'a node',
        nodes(['a'], {
          allocatable: { cpu: '4', memory: '4Gi', pods: '10', 'example.com/dongle': '2', 'ephemeral-storage': '1Gi' },
        }),
      ],
      [
        'pods',
        create(
          pod('dongle', {
            containers: [container({ cpu: '100m' }, { resources: { limits: { 'example.com/dongle': '2' } } })],
          }),
          pod('second-dongle', {
            containers: [container({}, { resources: { limits: { 'example.com/dongle': '1' } } })],
          }),
          pod('large-init', {
            initContainers: [container({ cpu: '3' }, { name: 'init' })],
            containers: [container({ cpu: '1' })],
          }),
          pod('sidecar', {
            initContainers: [container({ cpu: '1' }, { name: 'side', restartPolicy: 'Always' })],
            containers: [container({ cpu: '1' })],
          }),
          pod('storage', { containers: [container({ 'ephemeral-storage': '2Gi' })] }),
        ),
      ],
    ],
  },
  {
    name: 'pods behind gates, and what changes meanwhile',
    steps: [
      ['nodes', nodes(['a', 'c'])],
      [
        'gated pods',
        create(
          side =>
            pod('gated', {
              schedulingGates: [{ name: 'example.com/one' }, { name: 'example.com/two' }],
              nodeSelector: { only: side.namespace, letter: 'a' },
            })(side),
          pod('moved', { schedulingGates: [{ name: 'example.com/one' }] }),
        ),
      ],
      [
        'one gate is opened, and a pod is sent elsewhere',
        async side => {
          await side.merge('v1/pods/gated', { spec: { schedulingGates: [{ name: 'example.com/two' }] } })
          await side.merge('v1/pods/moved', { spec: { nodeSelector: { only: side.namespace, letter: 'c' } } })
        },
      ],
      [
        'all are opened',
        async side => {
          for (const name of ['gated', 'moved'])
            await side.merge(`v1/pods/${name}`, { spec: { schedulingGates: null } })
        },
      ],
    ],
  },
  {
    name: 'pods that ask for something as a whole',
    steps: [
      ['a node', nodes(['a'], { allocatable: { cpu: '4', memory: '4Gi', pods: '10' } })],
      [
        'pods',
        create(
          pod('whole', { resources: { requests: { cpu: '2' } }, containers: [container({ cpu: '1' })] }),
          pod('too-much', { resources: { requests: { cpu: '3' } }, containers: [container({ cpu: '1' })] }),
          pod('as-limited', { resources: { limits: { memory: '3Gi' } }, containers: [container({ cpu: '500m' })] }),
          pod('no-memory', { resources: { limits: { memory: '2Gi' } } }),
        ),
      ],
      ['one leaves', side => side.remove('v1/pods/whole')],
    ],
  },
  {
    name: 'pods that are made anew where they were pushed away',
    steps: [
      [
        'classes and nodes',
        async side => {
          await nodes(['a', 'c'], two)(side)
          await priority('low', 10)(side)
          await priority('high', 1000)(side)
        },
      ],
      [
        'full nodes, of pods that are slow to end',
        async side => {
          for (const letter of ['a', 'c']) {
            const made = podOf(`low-${letter}`, 'low', {
              containers: [container({ cpu: '2' })],
              nodeSelector: { only: side.namespace, letter },
            })(side)
            made.metadata.annotations = { 'hollow/stay': 'yes' }
            await side.create('v1/pods', made)
          }
        },
      ],
      [
        'an important one for the first node',
        side =>
          create(
            podOf('important', 'high', {
              containers: [container({ cpu: '2' })],
              nodeSelector: { only: side.namespace, letter: 'a' },
            }),
          )(side),
      ],
      ['the one before is gone', side => side.remove('v1/pods/low-a', { gracePeriodSeconds: 0 })],
      place('places'),
    ],
  },
]
