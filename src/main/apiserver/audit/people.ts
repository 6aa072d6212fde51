// What is written down unless another policy is given: what people change, whose secrets they read, and where they run
// programs — not what the cluster's own components and its admin do.
import type { AuditLogOptions } from './audit-log.ts'
import { type AuditPolicy, parseAuditPolicy } from './policy.ts'

/** Its name in the folder of logs. */
export const PEOPLE_LOG = 'people.log'

const SYSTEM_GROUPS = ['system:masters', 'system:nodes', 'system:serviceaccounts', 'system:bootstrappers']
const SYSTEM_USERS = ['system:kube-controller-manager', 'system:kube-scheduler', 'system:anonymous']
const LIMITS = { maxBytes: 10 * 1024 * 1024, maxBackups: 5, maxAgeMs: 0 }

export const peoplePolicy = (): AuditPolicy =>
  parseAuditPolicy({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived', 'ResponseStarted'],
    rules: [
      { level: 'None', userGroups: SYSTEM_GROUPS },
      { level: 'None', users: SYSTEM_USERS },
      // Questions, not changes.
      { level: 'None', resources: [{ group: 'authorization.k8s.io' }, { group: 'authentication.k8s.io' }] },
      { level: 'Metadata', verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'] },
      { level: 'Metadata', resources: [{ group: '', resources: ['secrets'] }] },
      { level: 'Metadata', resources: [{ group: '', resources: ['pods/exec', 'pods/attach', 'pods/portforward', 'pods/proxy', 'services/proxy', 'nodes/proxy'] }] },
    ],
  }) // prettier-ignore

export const peopleLog = (path: string): AuditLogOptions => ({ path, ...LIMITS })
