// Volumes of CSI drivers that attach, zones and limits of volumes, claims that grow, volumes that are to be deleted.
const PODS = 'v1/pods'
const CLAIMS = 'v1/persistentvolumeclaims'
const VOLUMES = '/api/v1/persistentvolumes'
const STORAGE = '/apis/storage.k8s.io/v1'
const ATTACHMENTS = `${STORAGE}/volumeattachments`

const driverOf = side => `${side.namespace}.csi.example.com`
const nodeName = (side, letter) => `${letter}-${side.namespace}`
const volumeName = (side, name) => `${name}-${side.namespace}`
const wait = ms => new Promise(resolve => setTimeout(resolve, ms))

const pod = (side, name, claims, spec = {}) => ({
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 0,
    nodeSelector: { only: side.namespace },
    containers: [{ name: 'main', image: 'run' }],
    volumes: claims.map(claimName => ({ name: claimName, persistentVolumeClaim: { claimName } })),
    ...spec,
  },
})
const on = (side, letter) => ({ nodeSelector: { 'kubernetes.io/hostname': nodeName(side, letter) } })

/** Nodes with the driver, and what it takes on each. */
const nodes =
  (letters, { count, drivers = true } = {}) =>
  async side => {
    for (const letter of letters) {
      const name = nodeName(side, letter)
      const labels = { only: side.namespace, 'topology.kubernetes.io/zone': `zone-${letter}` }
      await side.nodes.add(name, { labels })
      if (!drivers) continue
      const driver = {
        name: driverOf(side),
        nodeID: name,
        topologyKeys: null,
        ...(count && { allocatable: { count } }),
      }
      await side.create(`${STORAGE}/csinodes`, { metadata: { name }, spec: { drivers: [driver] } })
    }
  }
const driver =
  (spec = {}) =>
  side =>
    side.create(`${STORAGE}/csidrivers`, { metadata: { name: driverOf(side) }, spec })

/** A volume of the driver, and the claim that is bound to it. */
async function volume(side, name, { accessModes = ['ReadWriteOnce'], labels, claim = {}, source, ...spec } = {}) {
  const csi = { driver: driverOf(side), volumeHandle: volumeName(side, name) }
  await side.create(VOLUMES, {
    metadata: { name: volumeName(side, name), labels },
    spec: {
      ...{ capacity: { storage: '2Gi' }, accessModes, persistentVolumeReclaimPolicy: 'Retain', ...(source ?? { csi }) },
      ...{ storageClassName: side.namespace, claimRef: { namespace: side.namespace, name }, ...spec },
    },
  })
  // A claim that is seen before its volume asks for the class.
  await wait(1_000)
  await side.create(CLAIMS, {
    metadata: { name },
    spec: { accessModes, storageClassName: side.namespace, resources: { requests: { storage: '1Gi' } }, ...claim },
  })
}

const attachmentsOf = async side => {
  const { items } = await side.get(ATTACHMENTS)
  return items.filter(({ spec }) => spec.attacher === driverOf(side))
}
/** Plays the driver's attacher. */
const answer = (title, status) => [
  title,
  async side => {
    for (const { metadata } of await attachmentsOf(side))
      await side.merge(`${ATTACHMENTS}/${metadata.name}/status`, { status })
    await wait(1_500)
    await copy(side)
  },
]
/** Copies what is told of attachments and nodes into the namespace, where it is compared. */
async function copy(side) {
  const attachments = (await attachmentsOf(side)).map(({ metadata, spec, status }) => ({
    ...{ name: metadata.name, annotations: metadata.annotations, finalizers: metadata.finalizers },
    ...{ isDeleted: metadata.deletionTimestamp !== undefined, spec, attached: status?.attached },
  }))
  const { items } = await side.get('/api/v1/nodes')
  const told = items
    .filter(({ metadata }) => metadata.name.endsWith(`-${side.namespace}`))
    .map(({ metadata, status }) => ({ name: metadata.name, attached: status.volumesAttached }))
  const maps = (await side.get('v1/configmaps')).items.length
  await side.create('v1/configmaps', {
    metadata: { name: `told-${maps}` },
    data: { attachments: JSON.stringify(attachments, null, 1), nodes: JSON.stringify(told, null, 1) },
  })
}
const copied = (title, act, ms = 3_000) => [
  title,
  async side => {
    await act(side)
    await wait(ms)
    await copy(side)
  },
]

export const scenarios = [
  {
    name: 'a volume of a driver is attached, and detached again',
    steps: [
      ['a driver and its node', async side => void (await driver()(side), await nodes(['a'])(side))],
      ['a volume', side => volume(side, 'data'), { quietMs: 5_000 }],
      copied('a pod', side => side.create(PODS, pod(side, 'user', ['data']))),
      answer('it cannot be attached', { attached: false, attachError: { message: 'no such disk' } }),
      answer('it is attached', { attached: true }),
      copied('the pod is deleted', side => side.remove(`${PODS}/user`), 5_000),
    ],
  },
  {
    name: 'a volume of a driver that attaches nothing',
    steps: [
      [
        'a driver and its node',
        async side => void (await driver({ attachRequired: false })(side), await nodes(['a'])(side)),
      ],
      ['a volume', side => volume(side, 'data'), { quietMs: 5_000 }],
      copied('a pod', side => side.create(PODS, pod(side, 'user', ['data']))),
    ],
  },
  {
    name: 'a volume that two nodes want',
    steps: [
      ['a driver and its nodes', async side => void (await driver()(side), await nodes(['a', 'b'])(side))],
      ['a volume', side => volume(side, 'data'), { quietMs: 5_000 }],
      copied('a pod', side => side.create(PODS, pod(side, 'first', ['data'], on(side, 'a')))),
      answer('it is attached', { attached: true }),
      copied('another pod elsewhere', side => side.create(PODS, pod(side, 'second', ['data'], on(side, 'b')))),
    ],
  },
  {
    name: 'more volumes than a node takes',
    steps: [
      [
        'a driver and its node',
        async side => void (await driver({ attachRequired: false })(side), await nodes(['a'], { count: 1 })(side)),
      ],
      ['volumes', async side => void (await volume(side, 'one'), await volume(side, 'two')), { quietMs: 5_000 }],
      ['a pod', side => side.create(PODS, pod(side, 'first', ['one']))],
      ['another pod', side => side.create(PODS, pod(side, 'second', ['two']))],
      ['the first is deleted', side => side.remove(`${PODS}/first`), { quietMs: 5_000 }],
    ],
  },
  {
    name: 'a claim of one pod alone',
    steps: [
      [
        'a driver and its node',
        async side => void (await driver({ attachRequired: false })(side), await nodes(['a'])(side)),
      ],
      ['a volume', side => volume(side, 'data', { accessModes: ['ReadWriteOncePod'] }), { quietMs: 5_000 }],
      ['a pod', side => side.create(PODS, pod(side, 'first', ['data']))],
      ['another pod', side => side.create(PODS, pod(side, 'second', ['data']))],
      ['the first is deleted', side => side.remove(`${PODS}/first`), { quietMs: 5_000 }],
    ],
  },
  {
    name: 'volumes of a zone',
    steps: [
      ['nodes', nodes(['a', 'b'], { drivers: false })],
      [
        'volumes elsewhere',
        async side => {
          const local = { source: { hostPath: { path: '/tmp/none' } } }
          const terms = [
            { matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['zone-c'] }] },
          ]
          await volume(side, 'by-affinity', { ...local, nodeAffinity: { required: { nodeSelectorTerms: terms } } })
          await volume(side, 'by-label', { ...local, labels: { 'topology.kubernetes.io/zone': 'zone-c' } })
          await volume(side, 'by-labels', { ...local, labels: { 'topology.kubernetes.io/zone': 'zone-b__zone-c' } })
        },
        { quietMs: 5_000 },
      ],
      [
        'pods',
        async side => {
          for (const name of ['by-affinity', 'by-label', 'by-labels']) {
            await side.create(PODS, pod(side, name, [name]))
            await wait(400)
          }
        },
      ],
      ['a node there', nodes(['c'], { drivers: false }), { quietMs: 5_000 }],
    ],
  },
  {
    name: 'claims that grow',
    steps: [
      [
        'classes that let them, and not',
        async side => {
          for (const [name, allowVolumeExpansion] of [
            [side.namespace, true],
            [`${side.namespace}-small`, false],
          ])
            await side.create(`${STORAGE}/storageclasses`, {
              ...{ metadata: { name }, provisioner: driverOf(side), allowVolumeExpansion },
            })
          await volume(side, 'data')
          await volume(side, 'nfs', { source: { nfs: { server: '192.0.2.9', path: '/data' } } })
        },
        { quietMs: 5_000 },
      ],
      [
        'they want more',
        async side => {
          for (const name of ['data', 'nfs'])
            await side.merge(`${CLAIMS}/${name}`, { spec: { resources: { requests: { storage: '3Gi' } } } })
        },
        { quietMs: 5_000 },
      ],
    ],
  },
  {
    name: 'volumes that nobody deletes',
    quietMs: 16_000,
    steps: [
      [
        'volumes',
        async side => {
          const nfs = { nfs: { server: '192.0.2.9', path: '/data' } }
          await volume(side, 'nfs', { source: nfs, persistentVolumeReclaimPolicy: 'Delete' })
          await volume(side, 'csi', { persistentVolumeReclaimPolicy: 'Delete' })
        },
      ],
      [
        'claims are deleted',
        async side => {
          for (const name of ['nfs', 'csi']) await side.remove(`${CLAIMS}/${name}`)
          await wait(18_000)
          const { items } = await side.get('/api/v1/events')
          for (const name of ['nfs', 'csi']) {
            const { status } = await side.get(`${VOLUMES}/${volumeName(side, name)}`)
            const told = items
              .filter(({ involvedObject }) => involvedObject.name === volumeName(side, name))
              .map(({ type, reason, message, source }) => ({ type, reason, message, source }))
            const { lastPhaseTransitionTime: _, ...kept } = status
            const data = { status: JSON.stringify(kept), events: JSON.stringify(told, null, 1) }
            await side.create('v1/configmaps', { metadata: { name: `told-${name}` }, data })
          }
        },
      ],
    ],
  },
]
