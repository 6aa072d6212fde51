// Storage, owners, nodes, taints, accounts and the scheduler's words.
const container = (image = 'run', more = {}) => ({ name: 'main', image, ...more })
const pod = (name, spec = {}, metadata = {}) => ({
  metadata: { name, labels: { app: name }, ...metadata },
  spec: { terminationGracePeriodSeconds: 1, containers: [container()], ...spec },
})
const PODS = 'v1/pods'
const MAPS = 'v1/configmaps'
const CLAIMS = 'v1/persistentvolumeclaims'
const VOLUMES = '/api/v1/persistentvolumes'
const claim = (name, spec = {}) => ({
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
})
const volume = (name, spec = {}) => ({
  metadata: { name },
  spec: {
    ...{ capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'], persistentVolumeReclaimPolicy: 'Retain' },
    ...{ hostPath: { path: '/tmp/none' }, ...spec },
  },
})
const owner = ({ apiVersion = 'v1', kind, metadata }, more = {}) => ({
  ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid, ...more }],
})
const claimed = name => ({ volumes: [{ name: 'data', persistentVolumeClaim: { claimName: name } }] })
const requests = resources => ({ containers: [container('run', { resources: { requests: resources } })] })
const required = terms => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: terms }] },
    },
  },
})

const ROLES = '/apis/rbac.authorization.k8s.io/v1/clusterroles'
const POLICIES = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies'

/** Copies what is told of another namespace into that of the scenario, where it is compared. */
async function copyNamespace(side, name, as) {
  const { status, spec } = await side.get(`/api/v1/namespaces/${name}`)
  const conditions = status?.conditions?.map(({ lastTransitionTime: _, ...condition }) => condition)
  const data = {
    conditions: JSON.stringify(conditions, null, 1) ?? '',
    phase: status?.phase ?? '',
    spec: JSON.stringify(spec) ?? '',
  }
  await side.create(MAPS, { metadata: { name: as }, data })
}

export const scenarios = [
  {
    name: 'a volume is bound, used, released and bound again',
    // Claims that wait are looked at again every 15 s there.
    quietMs: 16_000,
    more: [`${VOLUMES}/volume-one`],
    steps: [
      ['a claim alone', side => side.create(CLAIMS, claim('data', { storageClassName: 'by-hand' }))],
      ['a volume', side => side.create(VOLUMES, volume('volume-one', { storageClassName: 'by-hand' }))],
      ['a pod', side => side.create(PODS, pod('user', claimed('data')))],
      ['the claim is deleted while it is used', side => side.remove(`${CLAIMS}/data`)],
      ['the pod is deleted', side => side.remove(`${PODS}/user`)],
      ['it is offered again', side => side.merge(`${VOLUMES}/volume-one`, { spec: { claimRef: null } })],
      ['it is deleted', side => side.remove(`${VOLUMES}/volume-one`)],
    ],
  },
  {
    name: 'a volume is meant for one claim',
    quietMs: 16_000,
    more: [`${VOLUMES}/volume-two`],
    steps: [
      [
        'the volume',
        side =>
          side.create(
            VOLUMES,
            volume('volume-two', { storageClassName: 'meant', claimRef: { namespace: side.namespace, name: 'late' } }),
          ),
      ],
      ['another claim', side => side.create(CLAIMS, claim('early', { storageClassName: 'meant' }))],
      ['its claim', side => side.create(CLAIMS, claim('late', { storageClassName: 'meant' }))],
      ['the volume is deleted under it', side => side.remove(`${VOLUMES}/volume-two`)],
      ['the claim is deleted', side => side.remove(`${CLAIMS}/late`)],
    ],
  },
  {
    name: 'a claim waits for its first pod',
    quietMs: 16_000,
    more: [`${VOLUMES}/volume-three`, '/apis/storage.k8s.io/v1/storageclasses/late-class'],
    steps: [
      [
        'a class without a provisioner',
        side =>
          side.create('/apis/storage.k8s.io/v1/storageclasses', {
            ...{ metadata: { name: 'late-class' }, provisioner: 'kubernetes.io/no-provisioner' },
            volumeBindingMode: 'WaitForFirstConsumer',
          }),
      ],
      ['a claim', side => side.create(CLAIMS, claim('data', { storageClassName: 'late-class' }))],
      ['a pod', side => side.create(PODS, pod('user', claimed('data')))],
      ['a volume', side => side.create(VOLUMES, volume('volume-three', { storageClassName: 'late-class' }))],
    ],
  },
  {
    name: 'a claim of a provisioner that does not come',
    steps: [
      [
        'all',
        async side => {
          await side.create('/apis/storage.k8s.io/v1/storageclasses', {
            ...{ metadata: { name: 'absent-class' }, provisioner: 'example.com/absent' },
          })
          await side.create(CLAIMS, claim('data', { storageClassName: 'absent-class' }))
        },
        { quietMs: 5_000 },
      ],
      ['a pod', side => side.create(PODS, pod('user', claimed('data')))],
      ['a pod of a claim that is not there', side => side.create(PODS, pod('lost', claimed('nowhere')))],
    ],
  },
  {
    name: 'ephemeral volumes',
    steps: [
      [
        'a pod',
        side =>
          side.create(
            PODS,
            pod('user', {
              volumes: [
                {
                  name: 'scratch',
                  ephemeral: {
                    volumeClaimTemplate: {
                      metadata: { labels: { a: 'b' } },
                      spec: claim('x', { storageClassName: 'none' }).spec,
                    },
                  },
                },
              ],
            }),
          ),
      ],
      ['it is deleted', side => side.remove(`${PODS}/user`, { gracePeriodSeconds: 0 })],
    ],
  },
  {
    name: 'owners and what is theirs',
    steps: [
      [
        'a tree',
        async side => {
          const root = await side.create(MAPS, { metadata: { name: 'root' } })
          root.kind = 'ConfigMap'
          const child = await side.create(MAPS, { metadata: { name: 'child', ...owner(root) } })
          child.kind = 'ConfigMap'
          await side.create(MAPS, { metadata: { name: 'grandchild', ...owner(child, { blockOwnerDeletion: true }) } })
          await side.create(MAPS, {
            metadata: {
              name: 'absent',
              ...owner({ kind: 'ConfigMap', metadata: { name: 'none', uid: '00000000-0000-0000-0000-000000000000' } }),
            },
          })
        },
        { quietMs: 4_000 },
      ],
      [
        'the root is deleted, its children orphaned',
        side => side.remove(`${MAPS}/root`, { propagationPolicy: 'Orphan' }),
      ],
      [
        'the child is deleted in the foreground',
        side => side.remove(`${MAPS}/child`, { propagationPolicy: 'Foreground' }),
      ],
    ],
  },
  {
    name: 'a namespace that cannot end',
    more: ['/api/v1/namespaces/stuck-namespace'],
    steps: [
      [
        'a namespace with a finalizer in it',
        async side => {
          await side.create('/api/v1/namespaces', { metadata: { name: `stuck-${side.namespace}` } })
          await side.create(`/api/v1/namespaces/stuck-${side.namespace}/configmaps`, {
            metadata: { name: 'held', finalizers: ['example.com/held'] },
          })
          await side.remove(`/api/v1/namespaces/stuck-${side.namespace}`)
          await new Promise(resolve => setTimeout(resolve, 20_000))
          const { status, spec } = await side.get(`/api/v1/namespaces/stuck-${side.namespace}`)
          await side.create(MAPS, {
            metadata: { name: 'seen' },
            data: {
              status: JSON.stringify(
                status.conditions.map(({ lastTransitionTime: _, ...condition }) => condition),
                null,
                1,
              ),
              phase: status.phase,
              spec: JSON.stringify(spec),
            },
          })
        },
      ],
    ],
  },
  {
    name: 'taints that do not let pods stay',
    steps: [
      [
        'pods',
        async side => {
          await side.nodes.add(`tainted-${side.namespace}`, { labels: { only: side.namespace } })
          const nodeSelector = { only: side.namespace }
          await side.create(PODS, pod('gone', { nodeSelector }))
          await side.create(
            PODS,
            pod('stays', { nodeSelector, tolerations: [{ key: 'bad', operator: 'Exists', effect: 'NoExecute' }] }),
          )
          await side.create(
            PODS,
            pod('later', {
              nodeSelector,
              tolerations: [{ key: 'bad', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 3 }],
            }),
          )
        },
        { quietMs: 4_000 },
      ],
      [
        'the taint',
        side =>
          side.merge(`/api/v1/nodes/tainted-${side.namespace}`, {
            spec: { taints: [{ key: 'bad', effect: 'NoExecute' }] },
          }),
        { quietMs: 5_000 },
      ],
      ['a pod that would go there', side => side.create(PODS, pod('late', { nodeSelector: { only: side.namespace } }))],
      ['the node is deleted', side => side.remove(`/api/v1/nodes/tainted-${side.namespace}`), { quietMs: 8_000 }],
    ],
  },
  {
    name: 'pods that fit nowhere',
    steps: [
      [
        'all',
        async side => {
          await side.create(PODS, pod('too-much', requests({ cpu: '100', memory: '1Ti' })))
          await side.create(
            PODS,
            pod('nothing-like-it', {
              containers: [container('run', { resources: { limits: { 'example.com/gpu': '1' } } })],
            }),
          )
          await side.create(PODS, pod('no-such-label', { nodeSelector: { no: 'where' } }))
          await side.create(
            PODS,
            pod('no-such-node', required([{ key: 'kubernetes.io/hostname', operator: 'In', values: ['x'] }])),
          )
          await side.create(PODS, pod('gated', { schedulingGates: [{ name: 'example.com/gate' }] }))
          await side.create(PODS, pod('another-scheduler', { schedulerName: 'other' }))
          await side.create(
            PODS,
            pod('no-friend', {
              affinity: {
                podAffinity: {
                  requiredDuringSchedulingIgnoredDuringExecution: [
                    { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'nobody' } } },
                  ],
                },
              },
            }),
          )
          await side.create(
            PODS,
            pod('no-zone', {
              topologySpreadConstraints: [
                { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} },
              ],
            }),
          )
          await side
            .create(PODS, pod('important', { ...requests({ cpu: '100' }), priorityClassName: 'system-node-critical' }))
            .catch(() => undefined)
        },
      ],
      ['a gate is opened', side => side.merge(`${PODS}/gated`, { spec: { schedulingGates: null } })],
    ],
  },
  {
    name: 'ports and neighbours',
    steps: [
      [
        'all',
        async side => {
          const taken = { containers: [container('run', { ports: [{ containerPort: 80, hostPort: 8099 }] })] }
          for (const name of ['one', 'two', 'three']) await side.create(PODS, pod(name, taken))
          await new Promise(resolve => setTimeout(resolve, 1_000))
          await side.create(PODS, pod('four', taken))
        },
      ],
      ['one leaves', side => side.remove(`${PODS}/one`)],
    ],
  },
  {
    name: 'accounts and their tokens',
    steps: [
      ['an account', side => side.create('v1/serviceaccounts', { metadata: { name: 'robot' } })],
      [
        'a token of it, and one of nobody',
        async side => {
          const token = (name, account) => ({
            metadata: { name, annotations: { 'kubernetes.io/service-account.name': account } },
            type: 'kubernetes.io/service-account-token',
          })
          await side.create('v1/secrets', token('robot-token', 'robot'))
          await side.create('v1/secrets', token('nobody-token', 'nobody')).catch(() => undefined)
        },
      ],
      ['the default account is deleted', side => side.remove('v1/serviceaccounts/default')],
      ['the account is deleted', side => side.remove('v1/serviceaccounts/robot')],
      [
        'the root certificate is changed',
        side => side.merge(`${MAPS}/kube-root-ca.crt`, { data: { 'ca.crt': 'other' } }),
      ],
    ],
  },
  {
    name: 'a ClusterRole of others',
    more: ['/apis/rbac.authorization.k8s.io/v1/clusterroles?labelSelector=scenario'],
    steps: [
      [
        'all',
        async side => {
          const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles'
          const labels = { scenario: 'roles' }
          await side.create(roles, {
            metadata: { name: 'aggregated', labels },
            aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] },
            rules: [{ apiGroups: ['x'], resources: ['x'], verbs: ['get'] }],
          })
          await side.create(roles, {
            metadata: { name: 'part-b', labels: { ...labels, part: 'yes' } },
            rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
          })
          await side.create(roles, {
            metadata: { name: 'part-a', labels: { ...labels, part: 'yes' } },
            rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }],
          })
        },
      ],
    ],
  },
  {
    name: 'claims of devices',
    steps: [
      [
        'a pod with a template that is not there',
        side =>
          side.create(PODS, pod('waits', { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'gpus' }] })),
      ],
      [
        'the template',
        side =>
          side.create('resource.k8s.io/v1/resourceclaimtemplates', {
            metadata: { name: 'gpus' },
            spec: { spec: { devices: { requests: [{ name: 'one', exactly: { deviceClassName: 'gpu' } }] } } },
          }),
        { quietMs: 5_000 },
      ],
      ['the pod is deleted', side => side.remove(`${PODS}/waits`, { gracePeriodSeconds: 0 })],
    ],
  },
  {
    name: 'an owner waits for what blocks it',
    steps: [
      [
        'a tree, one of it held',
        async side => {
          const root = { kind: 'ConfigMap', ...(await side.create(MAPS, { metadata: { name: 'root' } })) }
          const other = { kind: 'ConfigMap', ...(await side.create(MAPS, { metadata: { name: 'other' } })) }
          const child = (name, owners, more = {}) => side.create(MAPS, { metadata: { name, ...owners, ...more } })
          await child('held', owner(root, { blockOwnerDeletion: true }), { finalizers: ['example.com/held'] })
          await child('free', owner(root))
          const both = [...owner(root, { blockOwnerDeletion: true }).ownerReferences, ...owner(other).ownerReferences]
          await child('of-both', { ownerReferences: both })
        },
      ],
      [
        'the root is deleted in the foreground',
        side => side.remove(`${MAPS}/root`, { propagationPolicy: 'Foreground' }),
        { quietMs: 4_000 },
      ],
      [
        'the held one is let go',
        side => side.merge(`${MAPS}/held`, { metadata: { finalizers: null } }),
        { quietMs: 4_000 },
      ],
    ],
  },
  {
    name: 'owners that cannot be',
    quietMs: 5_000,
    steps: [
      [
        'of a kind that is none, of another uid, of the cluster',
        async side => {
          const root = { kind: 'ConfigMap', ...(await side.create(MAPS, { metadata: { name: 'root' } })) }
          const child = (name, of, more) => side.create(MAPS, { metadata: { name, ...owner(of, more) } })
          await child('of-another-uid', {
            ...root,
            metadata: { ...root.metadata, uid: '00000000-0000-0000-0000-000000000001' },
          })
          await child('of-another-kind', { ...root, kind: 'Secret' })
          await child('of-no-kind', { apiVersion: 'example.com/v1', kind: 'None', metadata: root.metadata })
          await child('of-a-node', {
            kind: 'Node',
            metadata: { name: 'no-node', uid: '00000000-0000-0000-0000-000000000002' },
          })
        },
      ],
    ],
  },
  {
    name: 'taints that go before pods have to',
    steps: [
      [
        'pods',
        async side => {
          await side.nodes.add(`tainted-${side.namespace}`, { labels: { only: side.namespace } })
          const nodeSelector = { only: side.namespace }
          const tolerate = (key, tolerationSeconds) => ({
            key,
            operator: 'Exists',
            effect: 'NoExecute',
            tolerationSeconds,
          })
          await side.create(
            PODS,
            pod('shortest', { nodeSelector, tolerations: [tolerate('bad', 60), tolerate('bad', 2)] }),
          )
          await side.create(
            PODS,
            pod('both', { nodeSelector, tolerations: [tolerate('bad', 60), tolerate('worse', 60)] }),
          )
          await side.create(PODS, pod('waits', { nodeSelector, tolerations: [tolerate('bad', 60)] }))
        },
        { quietMs: 4_000 },
      ],
      [
        'a taint',
        side =>
          side.merge(`/api/v1/nodes/tainted-${side.namespace}`, {
            spec: { taints: [{ key: 'bad', effect: 'NoExecute' }] },
          }),
        { quietMs: 5_000 },
      ],
      [
        'none',
        side => side.merge(`/api/v1/nodes/tainted-${side.namespace}`, { spec: { taints: [] } }),
        { quietMs: 4_000 },
      ],
      [
        'a worse one',
        side =>
          side.merge(`/api/v1/nodes/tainted-${side.namespace}`, {
            spec: { taints: [{ key: 'worse', effect: 'NoExecute' }] },
          }),
        { quietMs: 4_000 },
      ],
    ],
  },
  {
    name: 'owners of the cluster',
    quietMs: 5_000,
    more: ['/apis/rbac.authorization.k8s.io/v1/clusterroles?labelSelector=scenario-owners'],
    steps: [
      [
        'a role owns objects of a namespace, and other roles',
        async side => {
          const role = (name, more = {}) =>
            side.create(ROLES, { metadata: { name, labels: { 'scenario-owners': 'yes' }, ...more } })
          const of = ({ metadata }, more) =>
            owner({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata }, more)
          const [kept, deleted, orphaned] = [await role('kept'), await role('deleted'), await role('orphaned')]
          await role('of-deleted', of(deleted, { blockOwnerDeletion: true }))
          await role('of-orphaned', of(orphaned))
          await side.create(MAPS, { metadata: { name: 'of-deleted', ...of(deleted, { blockOwnerDeletion: true }) } })
          await side.create(MAPS, { metadata: { name: 'of-orphaned', ...of(orphaned) } })
          const both = [...of(kept).ownerReferences, ...of(deleted).ownerReferences]
          await side.create(MAPS, { metadata: { name: 'of-both', ownerReferences: both } })
          const map = { kind: 'ConfigMap', ...(await side.create(MAPS, { metadata: { name: 'map' } })) }
          await role('of-a-namespace', owner(map))
        },
      ],
      [
        'one is deleted in the foreground',
        side => side.remove(`${ROLES}/deleted`, { propagationPolicy: 'Foreground' }),
      ],
      ['one is orphaned', side => side.remove(`${ROLES}/orphaned`, { propagationPolicy: 'Orphan' })],
      [
        'those that are left',
        async side => {
          for (const name of ['kept', 'of-orphaned', 'of-a-namespace']) await side.remove(`${ROLES}/${name}`)
        },
      ],
    ],
  },
  {
    name: 'a namespace that cannot end yet',
    steps: [
      [
        'pods that are slow to end, a finalizer of its own, and what is held',
        async side => {
          const name = `slow-${side.namespace}`
          await side.create('/api/v1/namespaces', { metadata: { name }, spec: { finalizers: ['example.com/own'] } })
          const inside = `/api/v1/namespaces/${name}`
          for (let tries = 0; tries < 100; tries++) {
            if ((await side.get(`${inside}/serviceaccounts/default`)).code !== 404) break
            await new Promise(resolve => setTimeout(resolve, 100))
          }
          await side.create(`${inside}/pods`, pod('slow', {}, { annotations: { 'hollow/stay': 'yes' } }))
          for (const held of ['one', 'two'])
            await side.create(`${inside}/configmaps`, { metadata: { name: held, finalizers: ['example.com/held'] } })
          await new Promise(resolve => setTimeout(resolve, 2_000))
          await side.remove(inside)
          await new Promise(resolve => setTimeout(resolve, 8_000))
          await copyNamespace(side, name, 'first')
        },
      ],
      [
        'the pod is gone',
        async side => {
          const name = `slow-${side.namespace}`
          await side.remove(`/api/v1/namespaces/${name}/pods/slow`, { gracePeriodSeconds: 0 })
          await new Promise(resolve => setTimeout(resolve, 25_000))
          await copyNamespace(side, name, 'second')
        },
      ],
      [
        'nothing is held',
        async side => {
          const name = `slow-${side.namespace}`
          for (const held of ['one', 'two'])
            await side.merge(`/api/v1/namespaces/${name}/configmaps/${held}`, { metadata: { finalizers: null } })
          await new Promise(resolve => setTimeout(resolve, 25_000))
          await copyNamespace(side, name, 'third')
        },
      ],
    ],
  },
  {
    name: 'what pods are told of their end',
    steps: [
      [
        'pods that are slow to end',
        async side => {
          await side.nodes.add(`tainted-${side.namespace}`, { labels: { only: side.namespace } })
          const spec = { nodeSelector: { only: side.namespace } }
          const slow = { labels: { app: 'slow' }, annotations: { 'hollow/stay': 'yes' } }
          const tolerate = tolerationSeconds => ({
            tolerations: [{ key: 'bad', operator: 'Exists', effect: 'NoExecute', tolerationSeconds }],
          })
          await side.create(PODS, pod('tainted', spec, slow))
          await side.create(PODS, pod('tolerates-none', { ...spec, ...tolerate(0) }, slow))
          await side.create(PODS, pod('tolerates-less', { ...spec, ...tolerate(-5) }, slow))
          await side.create(PODS, pod('evicted', {}, slow))
          await side.create(PODS, pod('deleted', {}, slow))
        },
        { quietMs: 4_000 },
      ],
      [
        'they are to end',
        async side => {
          await side.merge(`/api/v1/nodes/tainted-${side.namespace}`, {
            spec: { taints: [{ key: 'bad', effect: 'NoExecute', value: 'very' }] },
          })
          await side.create(`${PODS}/evicted/eviction`, {
            ...{ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'evicted' } },
          })
          await side.remove(`${PODS}/deleted`)
        },
        { quietMs: 5_000 },
      ],
      [
        'their node is gone',
        side => side.remove(`/api/v1/nodes/tainted-${side.namespace}`),
        { quietMs: 65_000, mostMs: 100_000 },
      ],
    ],
  },
  {
    name: 'claims that choose their volume by labels, by name and by size',
    quietMs: 16_000,
    more: ['/api/v1/persistentvolumes?labelSelector=scenario%3Dchosen'],
    steps: [
      [
        'volumes',
        async side => {
          const chosen = (name, tier, storage, more = {}) => {
            const made = volume(name, { storageClassName: 'chosen', capacity: { storage }, ...more })
            return side.create(VOLUMES, {
              ...made,
              metadata: { ...made.metadata, labels: { scenario: 'chosen', tier } },
            })
          }
          await chosen('chosen-small', 'slow', '1Gi')
          await chosen('chosen-large', 'slow', '10Gi')
          await chosen('chosen-fast', 'fast', '20Gi')
          await chosen('chosen-block', 'slow', '1Gi', { volumeMode: 'Block' })
          await chosen('chosen-released', 'released', '1Gi')
        },
        { quietMs: 2_500 },
      ],
      [
        'claims',
        async side => {
          const chosen = (name, spec, storage = '1Gi') =>
            side.create(
              CLAIMS,
              claim(name, { storageClassName: 'chosen', resources: { requests: { storage } }, ...spec }),
            )
          await chosen('fast', { selector: { matchLabels: { tier: 'fast' } } })
          await chosen('released', { selector: { matchLabels: { tier: 'released' } } })
          await chosen('named', { volumeName: 'chosen-large' })
          await chosen('taken', { volumeName: 'chosen-fast' })
          await chosen('other-mode', { volumeMode: 'Block' })
          await chosen('none', { selector: { matchLabels: { tier: 'none' } } })
          await chosen('too-large', {}, '30Gi')
          await chosen('many', { accessModes: ['ReadWriteMany'] })
        },
      ],
      ['one is let go', side => side.remove(`${CLAIMS}/released`)],
      ['one that was taken is let go', side => side.remove(`${CLAIMS}/fast`)],
      [
        'all',
        async side => {
          for (const name of ['small', 'large', 'fast', 'block', 'released'])
            await side.remove(`${VOLUMES}/chosen-${name}`)
        },
      ],
    ],
  },
  {
    name: 'what is wrong with a policy',
    quietMs: 5_000,
    more: [`${POLICIES}/scenario-right`, `${POLICIES}/scenario-wrong`, `${POLICIES}/scenario-unknown`],
    steps: [
      [
        'policies',
        async side => {
          const rule = (apiGroups, resources) => ({
            resourceRules: [{ apiGroups, apiVersions: ['*'], operations: ['CREATE'], resources }],
          })
          const policy = (name, matchConstraints, validations, more = {}) =>
            side.create(POLICIES, { metadata: { name }, spec: { matchConstraints, validations, ...more } })
          await policy('scenario-right', rule(['apps'], ['deployments']), [
            { expression: 'object.spec.replicas < 100000' },
          ])
          await policy(
            'scenario-wrong',
            rule(['apps'], ['deployments', 'replicasets']),
            [
              { expression: 'object.spec.replicas > "1"' },
              { expression: 'object.spec.nothing == 1', messageExpression: 'object.spec.replicas' },
              { expression: 'variables.wrong == 2' },
            ],
            { variables: [{ name: 'wrong', expression: 'object.metadata.nothing' }] },
          ).catch(() => undefined)
          await policy('scenario-unknown', rule(['example.com'], ['nothings']), [
            { expression: 'object.spec.anything == 1' },
          ])
        },
      ],
      [
        'one is changed',
        side =>
          side
            .merge(`${POLICIES}/scenario-right`, {
              spec: { validations: [{ expression: 'object.spec.replicas.nothing() && object.spec.nothing' }] },
            })
            .catch(() => undefined),
      ],
      [
        'they are deleted',
        async side => {
          for (const name of ['right', 'wrong', 'unknown']) await side.remove(`${POLICIES}/scenario-${name}`)
        },
      ],
    ],
  },
]
