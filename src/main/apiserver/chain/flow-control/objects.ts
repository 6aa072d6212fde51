// The priority levels and flow schemas of every cluster, under upstream's names and with its numbers.
// @see https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#defaults
import type {
  FlowSchema,
  FlowSchemaSpec,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
} from '../../../../shared/api/flowcontrol/v1.ts'
import type { Draft } from '../../../../shared/machinery/object.ts'

const AUTOUPDATE = { 'apf.kubernetes.io/autoupdate-spec': 'true' }

interface Queues {
  readonly queues: number
  readonly handSize: number
  readonly queueLengthLimit: number
}

const SMALL: Queues = { queues: 16, handSize: 4, queueLengthLimit: 50 }
const MEDIUM: Queues = { queues: 64, handSize: 6, queueLengthLimit: 50 }
const LARGE: Queues = { queues: 128, handSize: 6, queueLengthLimit: 50 }

function limited(
  name: string,
  nominalConcurrencyShares: number,
  lendablePercent: number,
  queuing?: Queues,
): Draft<PriorityLevelConfiguration> {
  const limitResponse = queuing ? { type: 'Queue', queuing } : { type: 'Reject' }
  return {
    metadata: { name, annotations: AUTOUPDATE },
    spec: { type: 'Limited', limited: { nominalConcurrencyShares, lendablePercent, limitResponse } },
  }
}

export const PRIORITY_LEVELS: readonly Draft<PriorityLevelConfiguration>[] = [
  {
    metadata: { name: 'exempt', annotations: AUTOUPDATE },
    spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  },
  limited('catch-all', 5, 0),
  limited('system', 30, 33, MEDIUM),
  limited('node-high', 40, 25, MEDIUM),
  limited('leader-election', 10, 0, SMALL),
  limited('workload-high', 40, 50, LARGE),
  limited('workload-low', 100, 90, LARGE),
  limited('global-default', 20, 50, LARGE),
]

type Rule = PolicyRulesWithSubjects

const user = (name: string) => ({ kind: 'User', user: { name } })
const group = (name: string) => ({ kind: 'Group', group: { name } })
const account = (name: string, namespace = 'kube-system') => ({
  kind: 'ServiceAccount',
  serviceAccount: { name, namespace },
})
const EVERYBODY = [group('system:unauthenticated'), group('system:authenticated')]

const any = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }
const anyPath = { verbs: ['*'], nonResourceURLs: ['*'] }
const everything = (...subjects: Rule['subjects']): Rule[] => [
  { subjects, resourceRules: [any], nonResourceRules: [anyPath] },
]

const leases = (...subjects: Rule['subjects']): Rule => ({
  subjects,
  resourceRules: [
    {
      verbs: ['get', 'create', 'update'],
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      namespaces: ['*'],
    },
  ],
})

function schema(
  name: string,
  level: string,
  matchingPrecedence: number,
  distinguisher: 'ByUser' | 'ByNamespace' | undefined,
  rules: Rule[],
): Draft<FlowSchema> {
  const spec: FlowSchemaSpec = {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence,
    ...(distinguisher ? { distinguisherMethod: { type: distinguisher } } : {}),
    rules,
  }
  return { metadata: { name, annotations: AUTOUPDATE }, spec }
}

const NODES = group('system:nodes')

export const FLOW_SCHEMAS: readonly Draft<FlowSchema>[] = [
  schema('exempt', 'exempt', 1, undefined, everything(group('system:masters'))),
  schema('probes', 'exempt', 2, undefined, [
    { subjects: EVERYBODY, nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] },
  ]),
  schema('system-leader-election', 'leader-election', 100, 'ByUser', [
    leases(user('system:kube-controller-manager'), user('system:kube-scheduler'), account('*')),
  ]),
  schema('endpoint-controller', 'workload-high', 150, 'ByUser', [
    {
      subjects: [
        user('system:kube-controller-manager'),
        account('endpoint-controller'),
        account('endpointslicemirroring-controller'),
      ],
      resourceRules: [
        { verbs: ['get', 'create', 'update'], apiGroups: [''], resources: ['endpoints'], namespaces: ['*'] },
      ],
    },
  ]),
  schema('workload-leader-election', 'leader-election', 200, 'ByUser', [leases(account('*'))]),
  schema('system-node-high', 'node-high', 400, 'ByUser', [
    {
      subjects: [NODES],
      resourceRules: [
        { verbs: ['*'], apiGroups: [''], resources: ['nodes', 'nodes/status'], clusterScope: true, namespaces: ['*'] },
        { verbs: ['*'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] },
      ],
    },
  ]),
  schema('system-nodes', 'system', 500, 'ByUser', everything(NODES)),
  schema(
    'kube-controller-manager',
    'workload-high',
    800,
    'ByNamespace',
    everything(user('system:kube-controller-manager')),
  ),
  schema('kube-scheduler', 'workload-high', 800, 'ByNamespace', everything(user('system:kube-scheduler'))),
  schema('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', everything(account('*'))),
  schema('service-accounts', 'workload-low', 9000, 'ByUser', everything(group('system:serviceaccounts'))),
  schema('global-default', 'global-default', 9900, 'ByUser', everything(...EVERYBODY)),
  schema('catch-all', 'catch-all', 10_000, 'ByUser', everything(...EVERYBODY)),
]
