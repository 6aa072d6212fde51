// StatefulSets that update several pods at once, keep and lose claims, find pods of others; DaemonSets whose nodes come, go
// and change while they roll.
const STATEFUL = 'apps/v1/statefulsets'
const DAEMONS = 'apps/v1/daemonsets'
const CLAIMS = 'v1/persistentvolumeclaims'
const db = `${STATEFUL}/db`
const agent = `${DAEMONS}/agent`
const wait = ms => new Promise(resolve => setTimeout(resolve, ms))

const template = (image = 'run', more = {}, metadata = {}) => ({
  metadata: { labels: { app: 'here' }, ...metadata },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image }], ...more },
})
/** All on one node: which of several it is would be a matter of chance. */
const onOne = (image = 'run', metadata = {}) =>
  template(image, { nodeSelector: { 'kubernetes.io/hostname': 'node-1' } }, metadata)
const stateful = (spec = {}) => ({
  metadata: { name: 'db' },
  spec: {
    ...{ replicas: 3, serviceName: 'db', selector: { matchLabels: { app: 'here' } }, template: onOne() },
    ...spec,
  },
})
const claimTemplate = (metadata = {}) => ({
  metadata: { name: 'data', ...metadata },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none', resources: { requests: { storage: '1Gi' } } },
})
const retention = (whenScaled, whenDeleted) => ({
  persistentVolumeClaimRetentionPolicy: { whenScaled, whenDeleted },
})
const staying = onOne('run', { annotations: { 'hollow/stay': 'yes' } })
const image = name => ({ spec: { template: { spec: { containers: [{ name: 'main', image: name }] } } } })
const annotated = a => ({ spec: { template: { metadata: { annotations: { a } } } } })
const create = (path, object) => ['create', side => side.create(path, object)]
const patch = (title, path, body, options) => [title, side => side.merge(path, body), options]
const remove = (path, propagationPolicy) => [
  `delete (${propagationPolicy})`,
  side => side.remove(path, { propagationPolicy }),
]
/** Ends those that are on their way out. */
const letGo = [
  'the pods that end are gone',
  async side => {
    for (const { metadata } of (await side.get('v1/pods')).items)
      if (metadata.deletionTimestamp) await side.remove(`v1/pods/${metadata.name}`, { gracePeriodSeconds: 0 })
  },
]
const atOnce = (maxUnavailable, more = {}) => ({ updateStrategy: { rollingUpdate: { maxUnavailable, ...more } } })

const nodeName = (side, letter) => `${letter}-${side.namespace}`
const node = (side, letter) => `/api/v1/nodes/${nodeName(side, letter)}`
const nodes =
  (...letters) =>
  async side => {
    for (const letter of letters) await side.nodes.add(nodeName(side, letter), { labels: { only: side.namespace } })
  }
const daemon = (side, spec = {}, of = {}) => ({
  metadata: { name: 'agent' },
  spec: {
    selector: { matchLabels: { app: 'here' } },
    template: template('run', { nodeSelector: { only: side.namespace }, ...of }),
    ...spec,
  },
})
const createDaemon = (spec, of) => ['create', side => side.create(DAEMONS, daemon(side, spec, of))]
const surge = maxSurge => ({ updateStrategy: { rollingUpdate: { maxSurge, maxUnavailable: 0 } } })
const podOn = async (side, letter) =>
  (await side.get('v1/pods')).items.find(({ spec }) => spec.nodeName === nodeName(side, letter)).metadata.name

export const scenarios = [
  {
    name: 'a StatefulSet updates two pods at once',
    steps: [
      create(STATEFUL, stateful({ replicas: 5, podManagementPolicy: 'Parallel', ...atOnce(2) })),
      patch('one that does not become ready', db, image('unready')),
      patch('down to the third', db, { spec: atOnce(2, { partition: 2 }) }),
      patch('the one before', db, image('run')),
      patch('three at once', db, { spec: atOnce(3, { partition: 0 }) }),
      patch('one that does not become ready again', db, image('unready')),
    ],
  },
  {
    name: 'a StatefulSet in order updates half of its pods at once',
    steps: [
      create(STATEFUL, stateful({ replicas: 4, ...atOnce('50%') })),
      patch('one that does not become ready', db, image('unready')),
      patch('the one before', db, image('run')),
      patch('scale to 6', db, { spec: { replicas: 6 } }),
      patch('another', db, annotated('1')),
    ],
  },
  {
    name: 'a StatefulSet loses the claims of what it is scaled by, and has them back',
    steps: [
      create(
        STATEFUL,
        stateful({ template: staying, ...retention('Delete', 'Retain'), volumeClaimTemplates: [claimTemplate()] }),
      ),
      patch('scale to 1', db, { spec: { replicas: 1 } }),
      patch('scale to 3 while the pods still end', db, { spec: { replicas: 3 } }),
      letGo,
      patch('scale to 1 again', db, { spec: { replicas: 1 } }),
      letGo,
      patch('scale to 2', db, { spec: { replicas: 2 } }),
      patch('all is to be kept', db, { spec: retention('Retain', 'Retain') }),
    ],
  },
  {
    name: 'a StatefulSet that is deleted with its claims, whose pods are slow to end',
    steps: [
      create(
        STATEFUL,
        stateful({
          ...{ replicas: 2, template: staying, ...retention('Delete', 'Delete') },
          volumeClaimTemplates: [claimTemplate({ labels: { a: 'b' }, annotations: { c: 'd' } })],
        }),
      ),
      patch('scale to 1', db, { spec: { replicas: 1 } }),
      remove(db, 'Foreground'),
      letGo,
    ],
  },
  {
    name: 'a StatefulSet and claims that belong to somebody else',
    steps: [
      [
        'claims',
        async side => {
          const { metadata } = await side.create('v1/configmaps', { metadata: { name: 'owner' } })
          const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: metadata.uid }
          const claim = (name, more) => side.create(CLAIMS, { ...claimTemplate(), metadata: { name, ...more } })
          await claim('data-db-0', { ownerReferences: [reference] })
          await claim('data-db-1', { ownerReferences: [{ ...reference, controller: true }] })
        },
      ],
      create(STATEFUL, stateful({ ...retention('Retain', 'Delete'), volumeClaimTemplates: [claimTemplate()] })),
      patch('gone when scaled', db, { spec: retention('Delete', 'Delete') }),
      patch('scale to none', db, { spec: { replicas: 0 } }),
      remove(db, 'Background'),
    ],
  },
  {
    name: 'a StatefulSet that goes back to what it was',
    steps: [
      create(STATEFUL, stateful({ revisionHistoryLimit: 0 })),
      patch('second', db, annotated('1')),
      patch('above all pods', db, { spec: { updateStrategy: { rollingUpdate: { partition: 9 } } } }),
      patch('third', db, annotated('2')),
      ['a pod is deleted', side => side.remove('v1/pods/db-1')],
      patch('second again', db, annotated('1')),
      patch('scale to 4', db, { spec: { replicas: 4 } }),
      patch('the first', db, { spec: { template: { metadata: { annotations: null } } } }),
      patch('for all pods', db, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } }),
    ],
  },
  {
    name: 'a StatefulSet finds pods under the names of its own',
    steps: [
      [
        'pods',
        async side => {
          const pod = (name, metadata) => ({ ...onOne('run', metadata), metadata: { name, ...metadata } })
          await side.create('v1/pods', pod('db-0', { labels: { app: 'here' } }))
          await side.create('v1/pods', pod('db-1', { labels: { app: 'other' } }))
          await side.create('v1/pods', pod('db-7', { labels: { app: 'here' } }))
        },
      ],
      create(STATEFUL, stateful({ podManagementPolicy: 'Parallel' })),
      ['the one that is in the way is deleted', side => side.remove('v1/pods/db-1')],
      patch('a pod leaves by its label', 'v1/pods/db-2', { metadata: { labels: { app: 'other' } } }),
      patch('it is deleted by its owner', db, { spec: { replicas: 2 } }),
    ],
  },
  {
    name: 'a StatefulSet whose pods end by themselves',
    steps: [
      create(STATEFUL, stateful({ replicas: 3 })),
      [
        'one has succeeded, one failed',
        async side => {
          await side.merge('v1/pods/db-0/status', { status: { phase: 'Succeeded' } })
          await wait(2_000)
          await side.merge('v1/pods/db-2/status', { status: { phase: 'Failed' } })
        },
      ],
      patch('one that does not become ready', db, image('unready')),
      ['the one that is not ready fails', side => side.merge('v1/pods/db-2/status', { status: { phase: 'Failed' } })],
      patch('scale to 1', db, { spec: { replicas: 1 } }),
    ],
  },
  {
    name: 'a DaemonSet surges while its nodes come, go and change',
    steps: [
      ['nodes', nodes('a', 'b')],
      createDaemon(surge(1)),
      patch('one that does not become ready', agent, image('unready')),
      ['a node comes', nodes('c')],
      ['a node is not its own any more', side => side.merge(node(side, 'a'), { metadata: { labels: { only: 'no' } } })],
      ['it is again', side => side.merge(node(side, 'a'), { metadata: { labels: { only: side.namespace } } })],
      [
        'a node is tainted',
        side => side.merge(node(side, 'b'), { spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } }),
      ],
      patch('one that runs', agent, image('run')),
      ['no taint', side => side.merge(node(side, 'b'), { spec: { taints: [] } })],
    ],
  },
  {
    name: 'a DaemonSet rolls while its nodes come, go and change',
    steps: [
      ['nodes', nodes('a', 'b', 'c')],
      createDaemon(),
      patch('one that does not become ready', agent, image('unready')),
      ['a node comes', nodes('d')],
      ['a pod is deleted', async side => side.remove(`v1/pods/${await podOn(side, 'a')}`)],
      ['a node is cordoned', side => side.merge(node(side, 'b'), { spec: { unschedulable: true } })],
      patch('on delete from now on', agent, { spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: null } } }),
      patch('the one before', agent, image('run')),
      patch('rolling again', agent, { spec: { updateStrategy: { type: 'RollingUpdate' } } }),
      ['a node goes', side => side.remove(node(side, 'c')), { quietMs: 5_000 }],
    ],
  },
  {
    name: 'a DaemonSet that goes back to what it was',
    steps: [
      ['nodes', nodes('a')],
      createDaemon({ revisionHistoryLimit: 1 }),
      patch('second', agent, annotated('1')),
      patch('third', agent, annotated('2')),
      patch('second again', agent, annotated('1')),
      patch('the first', agent, { spec: { template: { metadata: { annotations: null } } } }),
      patch('keeps all', agent, { spec: { revisionHistoryLimit: 10 } }),
      patch('a label', agent, { metadata: { labels: { a: 'b' } } }),
    ],
  },
  {
    name: 'a DaemonSet finds pods of others on its nodes',
    steps: [
      ['nodes', nodes('a', 'b')],
      [
        'pods',
        async side => {
          const pod = (name, letter) => ({
            ...template('run', { nodeName: nodeName(side, letter) }),
            metadata: { name, labels: { app: 'here' } },
          })
          await side.create('v1/pods', pod('alone', 'a'))
          await wait(1_500)
          await side.create('v1/pods', pod('another', 'a'))
        },
      ],
      createDaemon(),
      [
        'one leaves by its label',
        async side => side.merge(`v1/pods/${await podOn(side, 'b')}`, { metadata: { labels: { app: 'other' } } }),
      ],
      patch('a new template', agent, annotated('1')),
    ],
  },
]
