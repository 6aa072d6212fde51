// Every kind that the Create menu offers a form for: what its starter still needs, what two people change of it, and
// what no server takes.
import { DaemonSet, Deployment, StatefulSet } from '../../../src/shared/api/apps/v1.ts'
import { HorizontalPodAutoscaler } from '../../../src/shared/api/autoscaling/v2.ts'
import { CronJob, Job } from '../../../src/shared/api/batch/v1.ts'
import { ConfigMap, Namespace, PersistentVolumeClaim, Pod, Secret, Service } from '../../../src/shared/api/core/v1.ts'
import { Ingress, NetworkPolicy } from '../../../src/shared/api/networking/v1.ts'
import { PodDisruptionBudget } from '../../../src/shared/api/policy/v1.ts'
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../../src/shared/api/rbac/v1.ts'
import type { AnyObject, KubeObject } from '../../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../../src/shared/machinery/resource-type.ts'
import type { Path } from '@/forms/form-text.ts'

type Change = readonly [path: Path, value: unknown]

export interface FormKind {
  readonly type: ResourceType<AnyObject>
  /** What the starter leaves open, besides the name. */
  readonly fill: readonly Change[]
  readonly mine: Change
  readonly theirs: Change
  /** What they set where I changed something, too. */
  readonly rival: unknown
  readonly bad: Change
  /** Where the server's complaint belongs, when not at the field itself. */
  readonly at?: Path
}

const at = (text: string): Path => text.split('.').map(part => (/^\d+$/.test(part) ? Number(part) : part))
const change = (path: string, value: unknown): Change => [at(path), value]
const kind = <T extends KubeObject>(type: ResourceType<T>, rest: Omit<FormKind, 'type'>): FormKind => ({
  type: type as unknown as ResourceType<AnyObject>,
  ...rest,
})

const CONTAINER = 'spec.template.spec.containers.0'
const replicated = {
  fill: [change(`${CONTAINER}.image`, 'app:1')],
  mine: change('spec.replicas', 3),
  theirs: change(`${CONTAINER}.image`, 'app:2'),
  rival: 5,
  bad: change('spec.replicas', -1),
}
const rules = {
  fill: [],
  mine: change('rules.0.verbs', ['get']),
  theirs: change('metadata.annotations.note', 'theirs'),
  rival: ['list'],
  bad: change('rules.0.verbs', []),
}
const binding = {
  fill: [change('roleRef.name', 'reader')],
  mine: change('subjects', [{ kind: 'User', name: 'ada' }]),
  theirs: change('metadata.annotations.note', 'theirs'),
  rival: [{ kind: 'User', name: 'bob' }],
  bad: change('subjects', [{ kind: 'Robot', name: 'r2' }]),
  at: at('subjects.0.kind'),
}
const labelled = {
  mine: change('metadata.labels.tier', 'mine'),
  theirs: change('metadata.annotations.note', 'theirs'),
  rival: 'theirs',
}

export const FORM_KINDS: readonly FormKind[] = [
  kind(Pod, {
    fill: [change('spec.containers.0.image', 'app:1')],
    mine: change('spec.containers.0.image', 'app:2'),
    theirs: change('spec.activeDeadlineSeconds', 90),
    rival: 'app:3',
    bad: change('spec.containers.0.name', 'No Name'),
  }),
  kind(Deployment, replicated),
  kind(StatefulSet, replicated),
  kind(DaemonSet, {
    ...replicated,
    mine: change(`${CONTAINER}.image`, 'app:3'),
    theirs: change('spec.updateStrategy.type', 'OnDelete'),
    rival: 'app:4',
    bad: change(`${CONTAINER}.name`, 'No Name'),
  }),
  kind(Job, {
    ...replicated,
    mine: change('spec.parallelism', 2),
    theirs: change('spec.ttlSecondsAfterFinished', 60),
    bad: change('spec.parallelism', -1),
  }),
  kind(CronJob, {
    fill: [change('spec.jobTemplate.spec.template.spec.containers.0.image', 'app:1')],
    mine: change('spec.schedule', '5 4 * * *'),
    theirs: change('spec.suspend', true),
    rival: '6 4 * * *',
    bad: change('spec.schedule', 'now and then'),
  }),
  kind(Service, {
    fill: [],
    mine: change('spec.selector.app', 'mine'),
    theirs: change('spec.ports.0.targetPort', 9090),
    rival: 'theirs',
    bad: change('spec.ports.0.port', 70_000),
  }),
  kind(Ingress, {
    fill: [
      change('spec.rules.0.host', 'a.example.com'),
      change('spec.rules.0.http.paths.0.backend.service.name', 'web'),
    ],
    mine: change('spec.ingressClassName', 'mine'),
    theirs: change('spec.rules.0.host', 'b.example.com'),
    rival: 'theirs',
    bad: change('spec.rules.0.http.paths.0.path', 'nowhere'),
  }),
  kind(ConfigMap, {
    fill: [],
    mine: change('data.key', 'mine'),
    theirs: change('data.other', 'theirs'),
    rival: 'theirs',
    bad: [['data', 'no key'], 'x'],
  }),
  kind(Secret, {
    fill: [change('data.password', 'YQ==')],
    mine: change('data.password', 'Yg=='),
    theirs: change('data.user', 'dQ=='),
    rival: 'Yw==',
    bad: [['data', 'no key'], 'eA=='],
  }),
  kind(PersistentVolumeClaim, {
    ...labelled,
    fill: [],
    bad: change('spec.resources.requests.storage', '-1Gi'),
  }),
  kind(HorizontalPodAutoscaler, {
    fill: [change('spec.scaleTargetRef.name', 'web')],
    mine: change('spec.maxReplicas', 9),
    theirs: change('spec.minReplicas', 2),
    rival: 7,
    bad: change('spec.maxReplicas', 0),
  }),
  kind(PodDisruptionBudget, {
    fill: [],
    mine: change('spec.minAvailable', 2),
    theirs: change('spec.unhealthyPodEvictionPolicy', 'AlwaysAllow'),
    rival: '50%',
    bad: change('spec.minAvailable', -1),
  }),
  kind(NetworkPolicy, {
    fill: [],
    mine: change('spec.podSelector.matchLabels.app', 'mine'),
    theirs: change('spec.policyTypes', ['Ingress', 'Egress']),
    rival: 'theirs',
    bad: change('spec.policyTypes.0', 'Sideways'),
  }),
  kind(Namespace, { ...labelled, fill: [], bad: change('metadata.name', 'No_Name') }),
  kind(Role, rules),
  kind(ClusterRole, rules),
  kind(RoleBinding, binding),
  kind(ClusterRoleBinding, binding),
]
