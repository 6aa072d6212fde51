// For whom the important make room, and on which node: one criterion after the other. What keeps pods from each node.
const PRIORITIES = '/apis/scheduling.k8s.io/v1/priorityclasses'
const wait = ms => new Promise(resolve => setTimeout(resolve, ms))
const nodeName = (side, letter) => `${letter}-${side.namespace}`
const two = { allocatable: { cpu: '2', memory: '4Gi', pods: '10' } }

const nodes =
  (letters, options = two) =>
  async side => {
    for (const letter of letters)
      await side.nodes.add(nodeName(side, letter), {
        labels: { only: side.namespace, letter },
        ...(typeof options === 'function' ? options(letter) : options),
      })
  }
const CLASSES = { lowest: 1, low: 10, middle: 100, high: 1000 }
const classes = async side => {
  for (const [name, value] of Object.entries(CLASSES))
    await side.create(PRIORITIES, { metadata: { name: `${name}-${side.namespace}` }, value })
}
const pod = (side, name, { cpu = '1', letter, priority, spec = {}, labels = {}, annotations } = {}) => ({
  metadata: { name, labels: { app: 'placed', ...labels }, ...(annotations && { annotations }) },
  spec: {
    terminationGracePeriodSeconds: 0,
    ...(priority && { priorityClassName: `${priority}-${side.namespace}` }),
    nodeSelector: { only: side.namespace, ...(letter && { letter }) },
    containers: [{ name: 'main', image: 'run', resources: { requests: { cpu } } }],
    ...spec,
  },
})
/** One after the other, each seen before the next. */
const create =
  (...pods) =>
  async side => {
    for (const [name, how] of pods) {
      await side.create('v1/pods', pod(side, name, how))
      await wait(500)
    }
  }
const place = title => [
  title,
  async side => {
    await wait(3_000)
    const { items } = await side.get('v1/pods')
    const told = ({ spec, status }) =>
      spec.nodeName ? `node ${spec.nodeName[0]}` : `none, nominated ${status.nominatedNodeName?.[0] ?? 'none'}`
    const data = Object.fromEntries(items.map(each => [each.metadata.name, told(each)]))
    await side.create('v1/configmaps', { metadata: { name: title.replaceAll(' ', '-') }, data })
  },
]
const important = how => ['the important one', create(['important', { cpu: '2', priority: 'high', ...how }])]
const budget = (name, minAvailable) => side =>
  side.create('policy/v1/poddisruptionbudgets', {
    metadata: { name },
    spec: { minAvailable, selector: { matchLabels: { budget: name } } },
  })
const chooses = (name, ...full) => ({
  name,
  steps: [
    ['classes and nodes', async side => (await classes(side), await nodes(['a', 'b'])(side))],
    ...full,
    important(),
    place('places'),
  ],
})
const on = (letter, priority, more = {}) => ({ letter, priority, ...more })

export const scenarios = [
  chooses('room is made where fewer budgets are broken', [
    'full nodes',
    async side => {
      await budget('spared', 2)(side)
      await budget('free', 0)(side)
      await create(
        ['a-one', on('a', 'lowest', { labels: { budget: 'spared' } })],
        ['a-two', on('a', 'lowest', { labels: { budget: 'spared' } })],
        ['b-one', on('b', 'middle', { labels: { budget: 'free' } })],
        ['b-two', on('b', 'middle')],
      )(side)
    },
  ]),
  chooses('room is made where the highest of the victims is lower', [
    'full nodes',
    create(
      ['a-one', on('a', 'lowest')],
      ['a-two', on('a', 'middle')],
      ['b-one', on('b', 'low')],
      ['b-two', on('b', 'low')],
    ),
  ]),
  chooses('room is made where the sum of priorities is lower', [
    'full nodes',
    create(
      ['a-one', on('a', 'middle')],
      ['a-two', on('a', 'low')],
      ['b-one', on('b', 'middle')],
      ['b-two', on('b', 'lowest')],
    ),
  ]),
  chooses('room is made where fewer have to go', [
    'full nodes',
    create(
      ['a-one', on('a', 'low', { cpu: '500m' })],
      ['a-two', on('a', 'low', { cpu: '1500m' })],
      ['b-one', on('b', 'low', { cpu: '2' })],
    ),
  ]),
  chooses('room is made where the victims have run for less long', [
    'full nodes',
    async side => {
      await create(['b-one', on('b', 'low', { cpu: '2' })])(side)
      await wait(2_500)
      await create(['a-one', on('a', 'low', { cpu: '2' })])(side)
    },
  ]),
  {
    name: 'as few as possible have to go, the more important stay',
    steps: [
      [
        'classes and a node',
        async side => (
          await classes(side),
          await nodes(['a'], { allocatable: { cpu: '4', memory: '4Gi', pods: '10' } })(side)
        ),
      ],
      [
        'a full node',
        create(
          ['lowest', on('a', 'lowest')],
          ['low', on('a', 'low')],
          ['low-too', on('a', 'low')],
          ['middle', on('a', 'middle')],
        ),
      ],
      important(),
      place('places'),
    ],
  },
  {
    name: 'room is made by who asks for ports, for neighbours and for spread',
    steps: [
      ['classes and nodes', async side => (await classes(side), await nodes(['a', 'b'])(side))],
      [
        'pods in the way',
        async side => {
          const ports = { containers: [{ name: 'main', image: 'run', ports: [{ containerPort: 80, hostPort: 8123 }] }] }
          await create(
            ['port-a', on('a', 'low', { spec: ports })],
            ['port-b', on('b', 'middle', { spec: ports })],
            ['loud', on('a', 'low', { cpu: '100m', labels: { role: 'loud' } })],
            ['louder', on('b', 'middle', { cpu: '100m', labels: { role: 'loud' } })],
          )(side)
        },
      ],
      [
        'the important ones',
        async side => {
          const ports = { containers: [{ name: 'main', image: 'run', ports: [{ containerPort: 80, hostPort: 8123 }] }] }
          const quiet = {
            affinity: {
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { role: 'loud' } } },
                ],
              },
            },
          }
          await create(
            ['wants-port', { priority: 'high', spec: ports }],
            ['wants-quiet', { priority: 'high', cpu: '100m', spec: quiet }],
          )(side)
        },
      ],
      place('places'),
    ],
  },
  {
    name: 'nobody makes room where it would not help',
    steps: [
      [
        'classes and nodes',
        async side => {
          await classes(side)
          await nodes(['a', 'b', 'c', 'd'], letter => ({
            ...two,
            ...(letter === 'b' && { taints: [{ key: 'bad', value: 'very', effect: 'NoSchedule' }] }),
          }))(side)
          await side.merge(`/api/v1/nodes/${nodeName(side, 'c')}`, { spec: { unschedulable: true } })
          await wait(1_000)
        },
      ],
      ['a full node', create(['equal', on('a', 'high', { cpu: '2' })], ['lower', on('d', 'low', { cpu: '1500m' })])],
      [
        'those who ask',
        async side => {
          const avoid = {
            affinity: {
              nodeAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: {
                  nodeSelectorTerms: [{ matchExpressions: [{ key: 'letter', operator: 'NotIn', values: ['d'] }] }],
                },
              },
            },
          }
          await create(
            ['elsewhere', { cpu: '2', priority: 'high', spec: avoid }],
            ['too-large', { cpu: '3', priority: 'high' }],
            ['much', { cpu: '2', priority: 'low' }],
          )(side)
        },
      ],
    ],
  },
  {
    name: 'a pod that is offered room waits for it, and loses it to one more important',
    steps: [
      ['classes and a node', async side => (await classes(side), await nodes(['a'])(side))],
      [
        'a full node of one slow to end',
        create([
          'slow',
          on('a', 'lowest', {
            cpu: '2',
            annotations: { 'hollow/stay': 'yes' },
            spec: { terminationGracePeriodSeconds: 600 },
          }),
        ]),
      ],
      ['one asks', create(['first', on('a', 'low', { cpu: '2' })])],
      place('offered'),
      ['a less important one asks', create(['less', on('a', 'lowest', { cpu: '2' })])],
      ['a more important one asks', create(['second', on('a', 'high', { cpu: '2' })])],
      place('taken'),
      ['the slow one is gone', side => side.remove('v1/pods/slow', { gracePeriodSeconds: 0 })],
      place('placed'),
    ],
  },
  {
    name: 'what keeps a pod from each of its nodes',
    steps: [
      [
        'nodes',
        async side => {
          await nodes(['a', 'b', 'c', 'd', 'e'], letter => ({
            allocatable: {
              cpu: letter === 'a' ? '1' : '4',
              memory: letter === 'b' ? '1Gi' : '8Gi',
              pods: letter === 'e' ? '0' : '5',
            },
            ...(letter === 'c' && {
              taints: [
                { key: 'one', effect: 'NoSchedule' },
                { key: 'two', value: 'v', effect: 'NoExecute' },
              ],
            }),
          }))(side)
          await side.merge(`/api/v1/nodes/${nodeName(side, 'd')}`, { spec: { unschedulable: true } })
          await wait(1_000)
        },
      ],
      [
        'pods',
        async side => {
          const both = {
            containers: [{ name: 'main', image: 'run', resources: { requests: { cpu: '2', memory: '2Gi' } } }],
          }
          const spread = more => ({
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: 'letter',
                whenUnsatisfiable: 'DoNotSchedule',
                labelSelector: { matchLabels: { app: 'placed' } },
                ...more,
              },
            ],
          })
          await create(
            ['both', { spec: both }],
            ['tolerates-one', { spec: { ...both, tolerations: [{ key: 'one', operator: 'Exists' }] } }],
            [
              'init',
              { spec: { initContainers: [{ name: 'init', image: 'run', resources: { requests: { cpu: '5' } } }] } },
            ],
            [
              'dongle',
              {
                spec: {
                  containers: [{ name: 'main', image: 'run', resources: { limits: { 'example.com/none': '1' } } }],
                },
              },
            ],
            ['spread', { cpu: '5', spec: spread({ minDomains: 9 }) }],
            ['spread-honor', { cpu: '100m', spec: spread({ nodeTaintsPolicy: 'Honor' }) }],
            ['spread-again', { cpu: '100m', spec: spread({ nodeTaintsPolicy: 'Honor' }) }],
            ['spread-third', { cpu: '100m', spec: spread({ nodeTaintsPolicy: 'Honor' }) }],
          )(side)
        },
      ],
    ],
  },
]
