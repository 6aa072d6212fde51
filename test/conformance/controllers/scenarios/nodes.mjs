// Nodes that fall silent, come back, are cordoned and named anew.
const pod = (name, node, spec = {}) => ({
  metadata: { name, labels: { app: 'here' } },
  spec: {
    terminationGracePeriodSeconds: 1,
    nodeSelector: { 'kubernetes.io/hostname': node },
    containers: [{ name: 'main', image: 'run' }],
    ...spec,
  },
})
const nodeOf = side => `silent-${side.namespace}`
const path = side => `/api/v1/nodes/${nodeOf(side)}`
const unreachable = { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' }

/** Copies what is told of the node into the namespace, where it is compared. */
const copyNode = async side => {
  const { metadata, spec, status } = await side.get(path(side))
  const { items } = await side.get('/api/v1/namespaces/default/events')
  const events = items
    .filter(({ involvedObject }) => involvedObject.name === nodeOf(side))
    .map(({ type, reason, message, source, involvedObject }) => ({
      type,
      reason,
      message,
      source,
      uid: involvedObject.uid === metadata.uid,
    }))
    .sort((a, b) => (a.reason < b.reason ? -1 : 1))
  const told = {
    ...{
      labels: metadata.labels,
      annotations: metadata.annotations,
      taints: spec.taints,
      unschedulable: spec.unschedulable,
    },
    conditions: status.conditions.map(({ type, status: value, reason, message }) => ({
      type,
      status: value,
      reason,
      message,
    })),
    events,
  }
  const data = Object.fromEntries(
    Object.entries(told).map(([key, value]) => [key, JSON.stringify(value, undefined, 1) ?? '']),
  )
  await side.create('v1/configmaps', {
    metadata: { name: `node-${Object.keys(told).length}-${await count(side)}` },
    data,
  })
}
const count = async side => (await side.get('v1/configmaps')).items.length

const ownNode = (side, letter) => `/api/v1/nodes/${letter}-${side.namespace}`
const ownNodes = side =>
  Promise.all(
    ['a', 'b'].map(letter => side.nodes.add(`${letter}-${side.namespace}`, { labels: { only: side.namespace } })),
  )
async function removeOn(side, letter) {
  const { items } = await side.get('v1/pods')
  const { metadata } = items.find(({ spec }) => spec.nodeName === `${letter}-${side.namespace}`)
  await side.remove(`v1/pods/${metadata.name}`)
}

const daemon = side => ({
  metadata: { name: 'agent' },
  spec: {
    selector: { matchLabels: { app: 'here' } },
    template: {
      metadata: { labels: { app: 'here' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        nodeSelector: { only: side.namespace },
        containers: [{ name: 'main', image: 'run' }],
      },
    },
  },
})

export const scenarios = [
  {
    name: 'a node falls silent and comes back',
    steps: [
      [
        'pods',
        async side => {
          await side.nodes.add(nodeOf(side))
          await new Promise(resolve => setTimeout(resolve, 4_000))
          await side.create('v1/pods', pod('stays', nodeOf(side), { tolerations: [unreachable] }))
          await side.create(
            'v1/pods',
            pod('goes', nodeOf(side), { tolerations: [{ ...unreachable, tolerationSeconds: 3 }] }),
          )
          await side.create('v1/pods', pod('usual', nodeOf(side)))
          await side.create('v1/services', {
            metadata: { name: 'here' },
            spec: { selector: { app: 'here' }, ports: [{ port: 80 }] },
          })
          await new Promise(resolve => setTimeout(resolve, 2_000))
          await copyNode(side)
        },
      ],
      [
        'silence',
        async side => {
          side.nodes.silence(nodeOf(side))
          await new Promise(resolve => setTimeout(resolve, 70_000))
          await copyNode(side)
        },
      ],
      [
        'it is back',
        async side => {
          await side.nodes.wake(nodeOf(side))
          await new Promise(resolve => setTimeout(resolve, 12_000))
          await copyNode(side)
        },
      ],
      [
        'it is cordoned',
        async side => {
          await side.merge(path(side), { spec: { unschedulable: true } })
          await new Promise(resolve => setTimeout(resolve, 2_000))
          await copyNode(side)
        },
      ],
    ],
  },
  {
    name: 'a DaemonSet and the taints of its nodes',
    steps: [
      ['nodes', async side => void (await ownNodes(side))],
      ['create', side => side.create('apps/v1/daemonsets', daemon(side))],
      [
        'one is tainted',
        side => side.merge(ownNode(side, 'a'), { spec: { taints: [{ key: 'no', effect: 'NoSchedule' }] } }),
      ],
      ['its pod is deleted', side => removeOn(side, 'a')],
      [
        'it is cordoned as well, and the other',
        async side => {
          for (const letter of ['a', 'b']) await side.merge(ownNode(side, letter), { spec: { unschedulable: true } })
        },
      ],
      ["the other's pod is deleted", side => removeOn(side, 'b')],
      [
        'it tolerates',
        side =>
          side.merge('apps/v1/daemonsets/agent', {
            spec: { template: { spec: { tolerations: [{ operator: 'Exists' }] } } },
          }),
      ],
      [
        'NoExecute',
        side => side.merge(ownNode(side, 'b'), { spec: { taints: [{ key: 'out', effect: 'NoExecute' }] } }),
      ],
      [
        'it tolerates no longer',
        side => side.merge('apps/v1/daemonsets/agent', { spec: { template: { spec: { tolerations: null } } } }),
      ],
    ],
  },
  {
    name: 'a Service that keeps to its zone',
    steps: [
      [
        'pods in two zones',
        async side => {
          for (const zone of ['a', 'b'])
            await side.nodes.add(`${zone}-${side.namespace}`, {
              labels: { 'topology.kubernetes.io/zone': zone, only: side.namespace },
            })
          await side.create('v1/services', {
            metadata: { name: 'web' },
            spec: { selector: { app: 'here' }, ports: [{ port: 80 }], trafficDistribution: 'PreferClose' },
          })
          for (const [name, zone] of [
            ['one', 'a'],
            ['two', 'b'],
            ['three', 'b'],
          ])
            await side.create('v1/pods', pod(name, `${zone}-${side.namespace}`))
        },
      ],
      ['to its node', side => side.merge('v1/services/web', { spec: { trafficDistribution: 'PreferSameNode' } })],
      ['as it was before', side => side.merge('v1/services/web', { spec: { trafficDistribution: null } })],
    ],
  },
]
