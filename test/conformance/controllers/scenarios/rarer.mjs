// What is rarer: certificates and who may have them, nodes that run short, hints of topology, autoscalers in each other's
// way, names of sets that are taken, affinity across namespaces, what a runtime takes for itself.
import { execFileSync } from 'node:child_process'

const PODS = 'v1/pods'
const DEPLOYMENTS = 'apps/v1/deployments'
const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const RBAC = 'rbac.authorization.k8s.io'
const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings'
const host = 'kubernetes.io/hostname'
const wait = ms => new Promise(resolve => setTimeout(resolve, ms))
const nodeName = (side, letter) => `${letter}-${side.namespace}`

const pod = (side, name, spec = {}, labels = {}) => ({
  metadata: { name, labels: { app: 'here', ...labels } },
  spec: {
    terminationGracePeriodSeconds: 0,
    nodeSelector: { only: side.namespace },
    containers: [{ name: 'main', image: 'run' }],
    ...spec,
  },
})
const nodes =
  (letters, more = {}) =>
  async side => {
    for (const letter of letters) {
      const labels = { only: side.namespace, letter, 'topology.kubernetes.io/zone': `zone-${letter}` }
      await side.nodes.add(nodeName(side, letter), { labels, ...more })
    }
  }
const workload = (side, name, replicas) => ({
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        terminationGracePeriodSeconds: 0,
        nodeSelector: { only: side.namespace },
        containers: [{ name: 'main', image: 'run' }],
      },
    },
  },
})
const tell = (side, name, told) =>
  side.create('v1/configmaps', { metadata: { name }, data: { told: JSON.stringify(told, null, 1) } })

/** A request for a certificate, in PEM: the same key for both. */
const made = new Map()
function request(subject, names = '') {
  const key = `${subject} ${names}`
  if (!made.has(key)) {
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null']
    const more = names ? ['-addext', `subjectAltName=${names}`] : []
    made.set(
      key,
      execFileSync('openssl', ['req', '-new', ...kind, '-subj', subject, ...more], {
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    )
  }
  return made.get(key).toString('base64')
}
const CLIENT = ['digital signature', 'client auth']
const SERVER = ['digital signature', 'server auth']
/** Asks in somebody's name. */
async function ask(side, name, user, groups, { subject, names, signerName, usages = CLIENT }) {
  const spec = { request: request(subject, names), signerName: `kubernetes.io/${signerName}`, usages }
  const headers = { 'impersonate-user': user, 'impersonate-group': groups }
  const body = { metadata: { name: `${name}-${side.namespace}` }, spec }
  const { code, text } = await side.server.call('POST', REQUESTS, body, undefined, undefined, headers)
  if (code >= 300) throw new Error(text)
}
const conditionsOf = async (side, name) => {
  const { status } = await side.get(`${REQUESTS}/${name}-${side.namespace}`)
  return (
    status?.conditions?.map(({ type, status: value, reason, message }) => ({ type, status: value, reason, message })) ??
    []
  )
}

/** What is told of a node. */
async function copyNode(side, letter, as) {
  const { spec, status } = await side.get(`/api/v1/nodes/${nodeName(side, letter)}`)
  const taints = (spec.taints ?? []).map(({ timeAdded, ...taint }) => ({ ...taint, isDated: timeAdded !== undefined }))
  await tell(side, as, {
    taints: taints.sort((a, b) => (a.key + a.effect < b.key + b.effect ? -1 : 1)),
    conditions: status.conditions.map(({ type, status: value }) => [type, value]),
  })
}
/** Says how the node is. */
const report = (side, letter, conditions) =>
  side.merge(`/api/v1/nodes/${nodeName(side, letter)}/status`, {
    status: {
      conditions: [
        { type: 'Ready', status: 'True', reason: 'KubeletReady' },
        ...Object.entries(conditions).map(([type, status]) => ({ type, status, reason: 'Told' })),
      ],
    },
  })

const external = (side, name, target) => ({
  metadata: { name },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target },
    ...{ minReplicas: 1, maxReplicas: 3 },
    metrics: [
      { type: 'External', external: { metric: { name: 'nobody-serves' }, target: { type: 'Value', value: '1' } } },
    ],
  },
})
const requires = (kind, term) => ({
  affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: host, ...term }] } },
})

export const scenarios = [
  {
    name: 'certificates, and who gets them without a person',
    steps: [
      [
        'they are asked for',
        async side => {
          const auto = 'system:certificates.k8s.io:certificatesigningrequests:'
          for (const [as, name, group] of [
            ['may-ask', 'system:node-bootstrapper', 'system:authenticated'],
            ['may-ask-first', 'system:node-bootstrapper', 'system:bootstrappers'],
            ['may-have', `${auto}nodeclient`, 'system:bootstrappers'],
            ['may-renew', `${auto}selfnodeclient`, 'system:nodes'],
          ])
            await side
              .create(BINDINGS, {
                metadata: { name: as },
                roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
                subjects: [{ apiGroup: RBAC, kind: 'Group', name: group }],
              })
              .catch(() => undefined)
          const token = {
            'token-id': 'abcdef',
            'token-secret': '0123456789abcdef',
            'usage-bootstrap-authentication': 'true',
          }
          await side
            .create('/api/v1/namespaces/kube-system/secrets', {
              metadata: { name: 'bootstrap-token-abcdef' },
              ...{ type: 'bootstrap.kubernetes.io/token', stringData: token },
            })
            .catch(() => undefined)
          const asks = (name, ...rest) => ask(side, name, ...rest)
          const node = { subject: '/O=system:nodes/CN=system:node:x', signerName: 'kube-apiserver-client-kubelet' }
          await asks('new', 'system:bootstrap:abcdef', 'system:bootstrappers', node)
          await asks('renewed', 'system:node:x', 'system:nodes', node)
          await asks('of-nobody', 'somebody', 'system:authenticated', node)
          await asks('with-names', 'system:bootstrap:abcdef', 'system:bootstrappers', { ...node, names: 'DNS:x' })
          await asks('serving', 'system:node:x', 'system:nodes', {
            subject: node.subject,
            names: 'DNS:x',
            signerName: 'kubelet-serving',
            usages: SERVER,
          })
          await asks('person', 'somebody', 'system:authenticated', {
            subject: '/CN=somebody',
            signerName: 'kube-apiserver-client',
          })
          await wait(3_000)
          for (const name of ['new', 'renewed', 'of-nobody', 'with-names', 'serving', 'person'])
            await tell(side, name, await conditionsOf(side, name))
        },
      ],
    ],
  },
  {
    name: 'a node that runs short',
    steps: [
      ['a node', nodes(['a'])],
      [
        'it runs short of everything',
        async side => {
          await report(side, 'a', {
            MemoryPressure: 'True',
            DiskPressure: 'True',
            PIDPressure: 'True',
            NetworkUnavailable: 'True',
          })
          // They are looked at every five seconds there.
          await wait(9_000)
          await copyNode(side, 'a', 'short')
          await side.create(PODS, pod(side, 'usual'))
          await side.create(
            PODS,
            pod(side, 'burstable', {
              containers: [{ name: 'main', image: 'run', resources: { requests: { cpu: '1m' } } }],
            }),
          )
        },
      ],
      [
        'it does not say how it is',
        async side => {
          await report(side, 'a', {
            MemoryPressure: 'Unknown',
            DiskPressure: 'False',
            PIDPressure: 'Unknown',
            NetworkUnavailable: 'Unknown',
          })
          await wait(9_000)
          await copyNode(side, 'a', 'unknown')
        },
      ],
      [
        'it is not ready, and well otherwise',
        async side => {
          await side.merge(`/api/v1/nodes/${nodeName(side, 'a')}/status`, {
            status: {
              conditions: [
                { type: 'Ready', status: 'False', reason: 'Told' },
                { type: 'MemoryPressure', status: 'False', reason: 'Told' },
              ],
            },
          })
          await wait(9_000)
          await copyNode(side, 'a', 'not-ready')
        },
      ],
      [
        'it is ready',
        async side => {
          await report(side, 'a', { MemoryPressure: 'False' })
          await wait(9_000)
          await copyNode(side, 'a', 'ready')
        },
      ],
    ],
  },
  {
    name: 'a Service with hints of topology',
    steps: [
      ['nodes', async side => void (await nodes(['a', 'b'])(side))],
      [
        'a Service and a pod in each zone',
        async side => {
          const metadata = { name: 'web', annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } }
          await side.create('v1/services', { metadata, spec: { selector: { app: 'here' }, ports: [{ port: 80 }] } })
          for (const letter of ['a', 'b'])
            await side.create(PODS, pod(side, `pod-${letter}`, { nodeSelector: { [host]: nodeName(side, letter) } }))
        },
      ],
      ['a pod less', side => side.remove(`${PODS}/pod-b`)],
      ['no hints any more', side => side.merge('v1/services/web', { metadata: { annotations: null } })],
    ],
  },
  {
    name: "autoscalers in each other's way",
    quietMs: 17_000,
    steps: [
      ['a node', nodes(['a'])],
      [
        'two of one Deployment',
        async side => {
          await side.create(DEPLOYMENTS, workload(side, 'web', 2))
          for (const name of ['one', 'two'])
            await side.create('autoscaling/v2/horizontalpodautoscalers', external(side, name, 'web'))
        },
      ],
      ['one of them goes', side => side.remove('autoscaling/v2/horizontalpodautoscalers/two')],
    ],
  },
  {
    name: 'a Deployment whose set is called like another',
    steps: [
      ['a node', nodes(['a'])],
      ['create', side => side.create(DEPLOYMENTS, workload(side, 'web', 1))],
      ['it goes, and leaves its set', side => side.remove(`${DEPLOYMENTS}/web`, { propagationPolicy: 'Orphan' })],
      [
        'which is named anew',
        async side => {
          for (const { metadata } of (await side.get('apps/v1/replicasets')).items)
            await side.merge(`apps/v1/replicasets/${metadata.name}`, { metadata: { labels: { app: 'other' } } })
        },
      ],
      ['the Deployment comes again', side => side.create(DEPLOYMENTS, workload(side, 'web', 1))],
      ['and is scaled', side => side.merge(`${DEPLOYMENTS}/web`, { spec: { replicas: 2 } })],
    ],
  },
  {
    name: 'neighbours of other namespaces, and of the own version',
    steps: [
      ['nodes', async side => void (await nodes(['a', 'b'])(side))],
      [
        'a pod of another namespace',
        async side => {
          const other = `${side.namespace}-other`
          await side.create('/api/v1/namespaces', { metadata: { name: other, labels: { team: side.namespace } } })
          for (
            let tries = 0;
            tries < 50 && (await side.get(`/api/v1/namespaces/${other}/serviceaccounts/default`)).code === 404;
            tries++
          )
            await wait(100)
          await side.create(
            `/api/v1/namespaces/${other}/pods`,
            pod(side, 'leader', { nodeSelector: { [host]: nodeName(side, 'a') } }, { role: 'leader' }),
          )
          await wait(1_500)
        },
      ],
      [
        'pods',
        async side => {
          const leader = { labelSelector: { matchLabels: { role: 'leader' } } }
          const team = { namespaceSelector: { matchLabels: { team: side.namespace } } }
          const version = { labelSelector: { matchLabels: { app: 'here' } }, matchLabelKeys: ['version'] }
          const others = { labelSelector: { matchLabels: { app: 'here' } }, mismatchLabelKeys: ['tenant'] }
          const spread = more => ({
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: 'letter',
                whenUnsatisfiable: 'DoNotSchedule',
                labelSelector: { matchLabels: { role: 'even' } },
                ...more,
              },
            ],
          })
          for (const [name, spec, labels] of [
            ['follows', requires('podAffinity', { ...leader, ...team })],
            ['knows-nobody', requires('podAffinity', leader)],
            ['flees', requires('podAntiAffinity', { ...leader, ...team })],
            ['first', requires('podAntiAffinity', version), { version: '1' }],
            ['second', requires('podAntiAffinity', version), { version: '1' }],
            ['third', requires('podAntiAffinity', version), { version: '1' }],
            ['newer', requires('podAntiAffinity', version), { version: '2' }],
            ['tenant', requires('podAntiAffinity', others), { tenant: 'x' }],
            ['even', spread({ matchLabelKeys: ['version'] }), { role: 'even', version: '1' }],
            [
              'even-too',
              spread({ nodeTaintsPolicy: 'Honor', nodeAffinityPolicy: 'Ignore' }),
              { role: 'even', version: '1' },
            ],
          ]) {
            await side.create(PODS, pod(side, name, spec, labels))
            await wait(400)
          }
        },
      ],
      [
        'the other namespace goes',
        async side => void (await side.remove(`/api/v1/namespaces/${side.namespace}-other`), await wait(3_000)),
      ],
    ],
  },
  {
    name: 'nodes by name, and what a runtime takes',
    steps: [
      ['nodes', nodes(['a', 'b'], { allocatable: { cpu: '2', memory: '4Gi', pods: '10' } })],
      [
        'pods',
        async side => {
          await side.create('/apis/node.k8s.io/v1/runtimeclasses', {
            ...{ metadata: { name: side.namespace }, handler: 'heavy', overhead: { podFixed: { cpu: '1500m' } } },
            scheduling: { nodeSelector: { letter: 'b' } },
          })
          await wait(1_500)
          const cpu = amount => ({
            containers: [{ name: 'main', image: 'run', resources: { requests: { cpu: amount } } }],
          })
          const field = (operator, ...letters) => ({
            affinity: {
              nodeAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: {
                  nodeSelectorTerms: letters.map(letter => ({
                    matchFields: [{ key: 'metadata.name', operator, values: [nodeName(side, letter)] }],
                  })),
                },
              },
            },
          })
          for (const [name, spec] of [
            ['by-name', field('In', 'a')],
            ['by-no-name', field('In', 'x')],
            ['not-there', field('NotIn', 'a')],
            ['heavy', { ...cpu('500m'), runtimeClassName: side.namespace }],
            ['too-heavy', { ...cpu('1'), runtimeClassName: side.namespace }],
          ]) {
            await side.create(PODS, pod(side, name, spec))
            await wait(400)
          }
        },
      ],
    ],
  },
]
