// Deployments, ReplicaSets, StatefulSets and DaemonSets through their lives.
const template = (app, image = 'run', more = {}, metadata = {}) => ({
  metadata: { labels: { app }, ...metadata },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image }], ...more },
})
const workload = (app, spec = {}, image = 'run', more = {}) => ({
  metadata: { name: app },
  spec: { replicas: 3, selector: { matchLabels: { app } }, template: template(app, image, more), ...spec },
})
const DEPLOYMENTS = 'apps/v1/deployments'
const SETS = 'apps/v1/replicasets'
const STATEFUL = 'apps/v1/statefulsets'
const DAEMONS = 'apps/v1/daemonsets'
const image = name => ({ spec: { template: { spec: { containers: [{ name: 'main', image: name }] } } } })
const create = (path, object) => ['create', side => side.create(path, object)]
const patch = (title, path, body, options) => [title, side => side.merge(path, body), options]
const remove = (path, propagationPolicy) => [
  `delete (${propagationPolicy})`,
  side => side.remove(path, { propagationPolicy }),
]

const web = `${DEPLOYMENTS}/web`
const set = `${SETS}/web`
const db = `${STATEFUL}/db`
const agent = `${DAEMONS}/agent`
const stateful = (spec = {}, image = 'run', more = {}) => workload('db', { serviceName: 'db', ...spec }, image, more)
const daemon = (spec = {}, image = 'run', more = {}) => {
  const { replicas: _, ...rest } = workload('agent', spec, image, more).spec
  return { metadata: { name: 'agent' }, spec: rest }
}

/** Removes the ready one of two pods on a node. */
async function removeBeside(side) {
  const { items } = await side.get('v1/pods')
  const unready = items.find(({ spec }) => spec.containers[0].image === 'unready')
  const beside = items.find(
    ({ spec }) => spec.nodeName === unready?.spec.nodeName && spec.containers[0].image === 'run',
  )
  await side.remove(`v1/pods/${beside.metadata.name}`)
}

const emptyClaim = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none', resources: { requests: { storage: '1Gi' } } },
}

/** Removes it, and leaves what is its own. */
const leave = path => [
  'it is deleted, what is its own is left',
  side => side.remove(path, { propagationPolicy: 'Orphan' }),
]
/** Pods that do not end by themselves. */
const slow = (app, spec = {}) =>
  workload(app, {
    template: template(app, 'run', {}, { labels: { app }, annotations: { 'hollow/stay': 'yes' } }),
    ...spec,
  })
/** Ends those that are on their way out. */
const letGo = [
  'the pods that end are gone',
  async side => {
    for (const { metadata } of (await side.get('v1/pods')).items)
      if (metadata.deletionTimestamp) await side.remove(`v1/pods/${metadata.name}`, { gracePeriodSeconds: 0 })
  },
]
/** Somebody says of all pods that their gate is open, and their kubelet that they are ready then. */
const openGates = [
  'the gates are opened',
  async side => {
    for (const { metadata, status } of (await side.get('v1/pods')).items) {
      const others = status.conditions.filter(({ type }) => type !== 'Ready')
      const lastTransitionTime = new Date().toISOString().replace(/\.\d+Z/, 'Z')
      const more = ['example.com/open', 'Ready'].map(type => ({ type, status: 'True', lastTransitionTime }))
      await side.merge(`v1/pods/${metadata.name}/status`, { status: { conditions: [...others, ...more] } })
    }
  },
]

export const scenarios = [
  {
    name: 'a Deployment is scaled, rolled out, rolled back and deleted',
    steps: [
      create(DEPLOYMENTS, workload('web')),
      patch('scale to 5', web, { spec: { replicas: 5 } }),
      patch('a new template', web, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      patch('an image that does not become ready', web, image('unready')),
      patch('the template before', web, image('run')),
      patch('pause', web, { spec: { paused: true } }),
      patch('a template while paused', web, { spec: { template: { metadata: { annotations: { a: '2' } } } } }),
      patch('scale while paused', web, { spec: { replicas: 6 } }),
      patch('resume', web, { spec: { paused: false } }),
      patch('scale to none', web, { spec: { replicas: 0 } }),
      remove(web, 'Background'),
    ],
  },
  {
    name: 'a Deployment misses its deadline, and recovers',
    quietMs: 6_000,
    steps: [
      create(DEPLOYMENTS, workload('web', { progressDeadlineSeconds: 4, minReadySeconds: 1 })),
      patch('an image that does not become ready', web, image('unready')),
      patch('an image that runs', web, image('run')),
      remove(web, 'Foreground'),
    ],
  },
  {
    name: 'a Deployment that is recreated, with a short history',
    steps: [
      create(DEPLOYMENTS, workload('web', { strategy: { type: 'Recreate' }, revisionHistoryLimit: 1 })),
      patch('second', web, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      patch('third', web, { spec: { template: { metadata: { annotations: { a: '2' } } } } }),
      remove(web, 'Orphan'),
    ],
  },
  {
    name: 'a Deployment with percentages is scaled amid a rollout',
    steps: [
      create(
        DEPLOYMENTS,
        workload('web', { replicas: 10, strategy: { rollingUpdate: { maxSurge: '30%', maxUnavailable: '20%' } } }),
      ),
      patch('stuck', web, image('unready')),
      patch('scale amid it', web, { spec: { replicas: 20 } }),
      patch('scale down amid it', web, { spec: { replicas: 5 } }),
    ],
  },
  {
    name: 'a Deployment beyond what its quota lets it have',
    steps: [
      ['quota', side => side.create('v1/resourcequotas', { metadata: { name: 'few' }, spec: { hard: { pods: '2' } } })],
      create(DEPLOYMENTS, workload('web')),
    ],
  },
  {
    name: 'two Deployments of one selector',
    steps: [
      create(DEPLOYMENTS, workload('web')),
      ['another', side => side.create(DEPLOYMENTS, { ...workload('web'), metadata: { name: 'web-two' } })],
    ],
  },
  {
    name: 'a ReplicaSet adopts, lets go, and replaces',
    steps: [
      [
        'a pod alone',
        side => side.create('v1/pods', { ...template('web'), metadata: { name: 'alone', labels: { app: 'web' } } }),
      ],
      create(SETS, workload('web')),
      patch('the pod leaves by its label', 'v1/pods/alone', { metadata: { labels: { app: 'other' } } }),
      [
        'a pod is deleted',
        async side => side.remove(`v1/pods/${(await side.pods()).find(name => name.startsWith('web-'))}`),
      ],
      [
        'the cheapest goes first',
        async side => {
          const name = (await side.pods()).filter(pod => pod.startsWith('web-'))[1]
          await side.merge(`v1/pods/${name}`, {
            metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-5', cheapest: 'yes' } },
          })
          await side.merge(set, { spec: { replicas: 2 } })
        },
      ],
      remove(set, 'Orphan'),
    ],
  },
  {
    name: 'a ReplicaSet whose pods fail',
    quietMs: 1_500,
    steps: [['create', side => side.create(SETS, workload('web', { replicas: 2 }, 'unready'))]],
  },
  {
    name: 'a ReplicationController',
    steps: [
      [
        'create',
        side =>
          side.create('v1/replicationcontrollers', {
            metadata: { name: 'old' },
            spec: { replicas: 2, selector: { app: 'old' }, template: template('old') },
          }),
      ],
      patch('scale', 'v1/replicationcontrollers/old', { spec: { replicas: 3 } }),
      patch('none of its pods ready long enough', 'v1/replicationcontrollers/old', { spec: { minReadySeconds: 3600 } }),
      remove('v1/replicationcontrollers/old', 'Background'),
    ],
  },
  {
    name: 'a StatefulSet in order',
    steps: [
      create(STATEFUL, stateful()),
      patch('scale to 4', db, { spec: { replicas: 4 } }),
      patch('scale to 2', db, { spec: { replicas: 2 } }),
      patch('a new template', db, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      patch('one that does not become ready', db, image('unready')),
      patch('the one before', db, image('run')),
      remove(db, 'Background'),
    ],
  },
  {
    name: 'a StatefulSet with a partition, all at once, from 5 on',
    steps: [
      create(
        STATEFUL,
        stateful({
          podManagementPolicy: 'Parallel',
          ordinals: { start: 5 },
          updateStrategy: { rollingUpdate: { partition: 7 } },
        }),
      ),
      patch('a new template', db, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      patch('the partition is lowered', db, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } }),
      ['a pod is deleted', side => side.remove('v1/pods/db-6')],
      remove(db, 'Foreground'),
    ],
  },
  {
    name: 'a StatefulSet updated on delete, with claims',
    steps: [
      create(
        STATEFUL,
        stateful({
          replicas: 2,
          updateStrategy: { type: 'OnDelete' },
          persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Retain' },
          volumeClaimTemplates: [
            {
              metadata: { name: 'data' },
              spec: {
                accessModes: ['ReadWriteOnce'],
                storageClassName: 'none',
                resources: { requests: { storage: '1Gi' } },
              },
            },
          ],
        }),
      ),
      patch('a new template', db, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      patch('scale to 1', db, { spec: { replicas: 1 } }),
      patch('retention when deleted', db, {
        spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' } },
      }),
      remove(db, 'Background'),
    ],
  },
  {
    name: 'a StatefulSet whose pod fails',
    quietMs: 1_500,
    steps: [create(STATEFUL, stateful({ replicas: 2, minReadySeconds: 3600 }))],
  },
  {
    name: 'a DaemonSet',
    steps: [
      create(DAEMONS, daemon()),
      patch('a new template', agent, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      patch('one that does not become ready', agent, image('unready')),
      patch('the one before', agent, image('run')),
      patch('on no node', agent, { spec: { template: { spec: { nodeSelector: { no: 'where' } } } } }),
      remove(agent, 'Background'),
    ],
  },
  {
    name: 'a DaemonSet that surges',
    steps: [
      create(DAEMONS, daemon({ updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } })),
      patch('a new template', agent, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      patch('one that does not become ready', agent, image('unready')),
      ['its old pod beside the new one is deleted', side => removeBeside(side)],
    ],
  },
  {
    name: 'a DaemonSet updated on delete',
    steps: [
      create(DAEMONS, daemon({ updateStrategy: { type: 'OnDelete' } })),
      patch('a new template', agent, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      remove(agent, 'Orphan'),
    ],
  },
  {
    name: 'a Deployment is rolled over while it rolls',
    steps: [
      create(
        DEPLOYMENTS,
        workload('web', { replicas: 4, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }),
      ),
      patch('one that does not become ready', web, image('unready')),
      patch('another that does not', web, image('starting')),
      patch('one that runs', web, image('run')),
      patch('an older one again', web, image('unready')),
      patch('scale to 2', web, { spec: { replicas: 2 } }),
    ],
  },
  {
    name: 'a Deployment whose percentages come to nothing',
    steps: [
      create(DEPLOYMENTS, workload('web', { strategy: { rollingUpdate: { maxSurge: '0%', maxUnavailable: '10%' } } })),
      patch('one that does not become ready', web, image('unready')),
      patch('one that runs', web, image('run')),
    ],
  },
  {
    name: 'a Deployment is paused while it is stuck, and rolled back',
    quietMs: 6_000,
    steps: [
      create(DEPLOYMENTS, workload('web', { progressDeadlineSeconds: 3 })),
      patch('one that does not become ready', web, image('unready')),
      patch('pause', web, { spec: { paused: true } }),
      patch('back, while paused', web, image('run')),
      patch('resume', web, { spec: { paused: false } }),
      patch('recreated from now on', web, { spec: { strategy: { type: 'Recreate', rollingUpdate: null } } }),
      patch('one that does not become ready, recreated', web, image('unready')),
    ],
  },
  {
    name: 'a StatefulSet shrinks while a pod is not ready',
    steps: [
      create(STATEFUL, stateful()),
      patch('one that does not become ready', db, image('unready')),
      patch('scale to 2', db, { spec: { replicas: 2 } }),
      patch('scale to none', db, { spec: { replicas: 0 } }),
      patch('scale to 2 again', db, { spec: { replicas: 2 } }),
      patch('scale to 1', db, { spec: { replicas: 1 } }),
    ],
  },
  {
    name: 'a StatefulSet whose claims go with it',
    steps: [
      create(
        STATEFUL,
        stateful({
          persistentVolumeClaimRetentionPolicy: { whenScaled: 'Retain', whenDeleted: 'Delete' },
          volumeClaimTemplates: [emptyClaim],
        }),
      ),
      patch('scale to 1', db, { spec: { replicas: 1 } }),
      patch('kept when deleted, gone when scaled', db, {
        spec: { persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Retain' } },
      }),
      patch('scale to 2', db, { spec: { replicas: 2 } }),
      patch('scale to none', db, { spec: { replicas: 0 } }),
      patch('gone when deleted', db, {
        spec: { replicas: 1, persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' } },
      }),
      remove(db, 'Foreground'),
    ],
  },
  {
    name: 'sets beyond what their quota lets them have',
    steps: [
      ['quota', side => side.create('v1/resourcequotas', { metadata: { name: 'few' }, spec: { hard: { pods: '1' } } })],
      create(STATEFUL, stateful()),
      create(DAEMONS, daemon()),
      create(SETS, workload('web')),
      [
        'a ReplicationController',
        side =>
          side.create('v1/replicationcontrollers', {
            metadata: { name: 'old' },
            spec: { replicas: 2, selector: { app: 'old' }, template: template('old') },
          }),
      ],
    ],
  },
  {
    name: 'a StatefulSet beyond the quota of its claims',
    steps: [
      [
        'quota',
        side =>
          side.create('v1/resourcequotas', {
            metadata: { name: 'few' },
            spec: { hard: { persistentvolumeclaims: '1' } },
          }),
      ],
      create(STATEFUL, stateful({ volumeClaimTemplates: [emptyClaim] })),
    ],
  },
  {
    name: 'a DaemonSet rolls on some nodes at once',
    steps: [
      create(DAEMONS, daemon({ updateStrategy: { rollingUpdate: { maxUnavailable: '50%' } } })),
      patch('one that does not become ready', agent, image('unready')),
      patch('all at once', agent, { spec: { updateStrategy: { rollingUpdate: { maxUnavailable: '100%' } } } }),
      patch('surging', agent, {
        spec: { updateStrategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: '34%' } } },
      }),
      patch('one that runs', agent, image('run')),
    ],
  },
  {
    name: 'a Deployment counts pods that are slow to end',
    steps: [
      create(DEPLOYMENTS, slow('web')),
      patch('scale to 1', web, { spec: { replicas: 1 } }),
      letGo,
      patch('a new template', web, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      letGo,
    ],
  },
  {
    name: 'a Deployment that is recreated waits for pods that are slow to end',
    steps: [
      create(DEPLOYMENTS, slow('web', { strategy: { type: 'Recreate' } })),
      patch('a new template', web, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      letGo,
    ],
  },
  {
    name: 'a Deployment that keeps no history',
    steps: [
      create(DEPLOYMENTS, workload('web', { revisionHistoryLimit: 0 })),
      patch('second', web, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      patch('third', web, { spec: { template: { metadata: { annotations: { a: '2' } } } } }),
      patch('the first again', web, { spec: { template: { metadata: { annotations: null } } } }),
    ],
  },
  {
    name: 'a Deployment of pods whose gates somebody opens',
    steps: [
      create(DEPLOYMENTS, workload('web', {}, 'run', { readinessGates: [{ conditionType: 'example.com/open' }] })),
      openGates,
      patch('a new template', web, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      openGates,
    ],
  },
  {
    name: 'sets find again what was left of them',
    quietMs: 4_000,
    steps: [
      create(DEPLOYMENTS, workload('web')),
      create(STATEFUL, stateful()),
      create(DAEMONS, daemon()),
      leave(web),
      leave(db),
      leave(agent),
      ['the Deployment again', side => side.create(DEPLOYMENTS, workload('web'))],
      ['the StatefulSet again', side => side.create(STATEFUL, stateful())],
      ['the DaemonSet again', side => side.create(DAEMONS, daemon())],
    ],
  },
  {
    name: 'a StatefulSet whose pods have to be ready for a while',
    quietMs: 6_000,
    steps: [
      create(STATEFUL, stateful({ minReadySeconds: 2 })),
      patch('a new template', db, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      patch('for long', db, { spec: { minReadySeconds: 3600 } }),
      patch('another template', db, { spec: { template: { metadata: { annotations: { a: '2' } } } } }),
    ],
  },
  {
    name: 'a StatefulSet that counts from elsewhere, with claims',
    steps: [
      create(
        STATEFUL,
        stateful({
          volumeClaimTemplates: [emptyClaim],
          persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Delete' },
        }),
      ),
      patch('from 2 on', db, { spec: { ordinals: { start: 2 } } }),
      patch('from 0 on', db, { spec: { ordinals: null } }),
      leave(db),
    ],
  },
  {
    name: 'a StatefulSet whose pods fail and are deleted by others',
    steps: [
      create(STATEFUL, stateful({ podManagementPolicy: 'Parallel', revisionHistoryLimit: 1 })),
      [
        'one fails, one is deleted',
        async side => {
          await side.merge('v1/pods/db-1/status', { status: { phase: 'Failed' } })
          await side.remove('v1/pods/db-2')
        },
      ],
      patch('second', db, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      patch('third', db, { spec: { template: { metadata: { annotations: { a: '2' } } } } }),
      patch('fourth', db, { spec: { template: { metadata: { annotations: { a: '3' } } } } }),
    ],
  },
  {
    name: 'a DaemonSet whose pods fail, and have to be ready for a while',
    quietMs: 4_000,
    steps: [
      create(DAEMONS, daemon({ minReadySeconds: 1, revisionHistoryLimit: 0 })),
      [
        'all of them fail',
        async side => {
          for (const name of await side.pods())
            await side.merge(`v1/pods/${name}/status`, { status: { phase: 'Failed' } })
        },
      ],
      patch('a new template', agent, { spec: { template: { metadata: { annotations: { a: '1' } } } } }),
      patch('for long', agent, { spec: { minReadySeconds: 3600 } }),
      patch('another template', agent, { spec: { template: { metadata: { annotations: { a: '2' } } } } }),
    ],
  },
]
