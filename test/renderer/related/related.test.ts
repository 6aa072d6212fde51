// Related objects: the same relation seen from both of its ends.
import { describe, expect, it } from 'vitest'
import { Deployment, ReplicaSet } from '../../../src/shared/api/apps/v1.ts'
import { HorizontalPodAutoscaler } from '../../../src/shared/api/autoscaling/v2.ts'
import { CertificateSigningRequest } from '../../../src/shared/api/certificates/v1.ts'
import {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from '../../../src/shared/api/core/v1.ts'
import { EndpointSlice } from '../../../src/shared/api/discovery/v1.ts'
import { Ingress, NetworkPolicy } from '../../../src/shared/api/networking/v1.ts'
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../../src/shared/api/rbac/v1.ts'
import type { AnyObject, KubeObject } from '../../../src/shared/machinery/object.ts'
import { kindFacts } from '@/drawer/kind-facts.ts'
import { related } from '@/related/related.ts'
import type { World } from '@/world/world.ts'
import { make, makeApp, makePod, worldOf } from '../support/objects.ts'

const template = {
  containers: [{ name: 'main', envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'gone' } }] }],
}
const app = makeApp('web', 2, { template: { spec: template } })
const deployment = {
  ...app.deployment,
  spec: { ...app.deployment.spec, template: { ...app.deployment.spec.template, spec: template } },
} as Deployment
const settings = make(ConfigMap, 'settings')
const ingress = make(Ingress, 'front', {
  spec: { tls: [{ secretName: 'cert' }], defaultBackend: { service: { name: 'web' } } } as Ingress['spec'],
})
const scaler = make(HorizontalPodAutoscaler, 'web', {
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 3 },
})
const closed = make(NetworkPolicy, 'closed', {
  spec: { podSelector: {}, policyTypes: ['Ingress'] } as NetworkPolicy['spec'],
})
const elsewhere = makePod('web-2', { labels: { app: 'web' } }, 'other')

const world = worldOf(
  [Deployment, [deployment]],
  [ReplicaSet, [app.set]],
  [Pod, [...app.pods, elsewhere]],
  [Service, [app.service]],
  [Ingress, [ingress]],
  [HorizontalPodAutoscaler, [scaler]],
  [NetworkPolicy, [closed]],
  [ConfigMap, [settings]],
  [Secret, [make(Secret, 'cert')]],
)
const show = (object: KubeObject, within: World = world) =>
  related(within, object as AnyObject).map(
    ({ relation, ref, note, isMissing }) =>
      `${relation} ${ref.type.kind} ${ref.name}${note ? ` (${note})` : ''}${isMissing ? ' missing' : ''}`,
  )

describe('related()', () => {
  it('tells of a workload what leads to it, governs it, scales it, and what it uses', () =>
    expect(show(deployment)).toEqual([
      'Reached through Ingress front',
      'Reached through Service web',
      'Governed by NetworkPolicy closed',
      'Scaled by HorizontalPodAutoscaler web',
      'Uses ConfigMap settings (environment of main)',
      'Uses Secret gone (environment of main) missing',
      'Controls ReplicaSet web-1',
    ]))

  it('tells of a config map who uses it, by the workload rather than by each pod', () =>
    expect(show(settings)).toEqual(['Used by Deployment web (environment of main)']))

  it('tells of a service what it leads to, in its own namespace only', () =>
    expect(show(app.service)).toEqual(['Reached through Ingress front', 'Leads to Deployment web (2 pods)']))

  it('tells of an ingress its services and certificates', () =>
    expect(show(ingress)).toEqual(['Leads to Service web', 'Uses Secret cert']))

  it('tells of a policy without labels that it applies to every pod', () =>
    expect(show(closed)).toEqual(['Applies to Deployment web (2 pods)']))

  it('ties claims and volumes both ways', () => {
    const claim = make(PersistentVolumeClaim, 'data', { spec: { volumeName: 'pv-1' } })
    const volume = make(PersistentVolume, 'pv-1', { spec: { claimRef: { namespace: 'default', name: 'data' } } })
    const user = makePod('db', { spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] } })
    const within = worldOf([PersistentVolumeClaim, [claim]], [PersistentVolume, [volume]], [Pod, [user]])
    expect(show(claim, within)).toEqual(['Bound to PersistentVolume pv-1', 'Used by Pod db (volume data)'])
    expect(show(volume, within)).toEqual(['Bound to PersistentVolumeClaim data'])
  })
})

describe('of who may do what', () => {
  const grant = (name: string) => ({
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'default', name }],
  })
  const account = make(ServiceAccount, 'ci')
  const role = make(ClusterRole, 'view')
  const here = { ...make(RoleBinding, 'ci-views'), ...grant('ci') }
  const everywhere = { ...make(ClusterRoleBinding, 'all-view'), ...grant('other') }
  const within = worldOf([RoleBinding, [here]], [ClusterRoleBinding, [everywhere]])

  it('a role tells its bindings, a binding its role and accounts, an account its roles', () => {
    expect(show(role, within)).toEqual([
      'Given by RoleBinding ci-views (ci)',
      'Given by ClusterRoleBinding all-view (other)',
    ])
    expect(show(here, within)).toEqual(['Grants ClusterRole view', 'Given to ServiceAccount ci'])
    expect(show(account, within)).toEqual(['Is given ClusterRole view', 'Given by RoleBinding ci-views'])
  })
  it('an account that a binding names without its namespace is one of the binding’s', () => {
    const subjects = [{ kind: 'ServiceAccount', name: 'ci' }]
    const ours = { ...here, subjects }
    expect(show(account, worldOf([RoleBinding, [ours]]))).toEqual([
      'Is given ClusterRole view',
      'Given by RoleBinding ci-views',
    ])
    const elsewhere = { ...make(RoleBinding, 'ci-views', {}, 'other'), ...grant('ci'), subjects }
    expect(show(account, worldOf([RoleBinding, [elsewhere]]))).toEqual([])
  })
  it('a role of a namespace is not the one of another that has its name', () => {
    const named = { ...make(Role, 'view') }
    expect(show(named, within)).toEqual([])
  })
})

it('an endpoint slice leads back to its service, and to its pods', () => {
  const slice = {
    ...make(EndpointSlice, 'web-1'),
    endpoints: [{ addresses: ['10.0.0.1'], targetRef: { kind: 'Pod', name: 'web-0', namespace: 'default' } }],
  }
  slice.metadata.labels = { 'kubernetes.io/service-name': 'web' }
  expect(show(slice, worldOf())).toEqual(['Belongs to Service web', 'Leads to Pod web-0'])
})

describe('kindFacts()', () => {
  it('tells a network policy in words', () => {
    const policy = make(NetworkPolicy, 'db', {
      spec: {
        podSelector: { matchLabels: { app: 'db' } },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 5432 }] }],
      } as NetworkPolicy['spec'],
    })
    expect(kindFacts(policy as unknown as AnyObject, false)).toEqual([
      ['Applies to', 'app=db'],
      ['Restricts', 'Ingress and Egress'],
      ['Allowed in', 'app=web here, on TCP 5432'],
      ['Allowed out', 'nothing at all'],
    ])
  })
  it('tells where an ingress leads, also what no rule names', () => {
    const service = { name: 'web', port: { number: 80 } }
    const resource = { kind: 'Bucket', name: 'files' }
    const ingress = make(Ingress, 'web', {
      spec: {
        defaultBackend: { service },
        rules: [{ host: 'shop', http: { paths: [{ path: '/files', pathType: 'Exact', backend: { resource } }] } }],
      },
    })
    const facts = new Map(kindFacts(ingress as unknown as AnyObject, true).map(([name, value]) => [name, value]))
    expect(facts.get('Rules')).toBe('shop/files (Exact) → a resource')
    expect(facts.get('Else')).toBe('web:80')
  })
  it('tells for which pods alone a quota counts', () => {
    const matchExpressions = [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }]
    const quota = make(ResourceQuota, 'few', {
      spec: { scopes: ['NotTerminating'], scopeSelector: { matchExpressions } },
    })
    expect(kindFacts(quota as unknown as AnyObject, true)).toEqual([
      ['Scopes', 'NotTerminating, PriorityClass in (high)'],
    ])
  })
  it('tells by which labels a role gathers others, and whom a binding gives what', () => {
    const role = {
      ...make(ClusterRole, 'reader', {}),
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { reads: 'all' } }] },
    }
    expect(kindFacts(role as unknown as AnyObject, true)).toEqual([['Gathered from', 'reads=all']])
    const binding = {
      ...make(RoleBinding, 'readers', {}),
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [
        { kind: 'ServiceAccount', namespace: 'shop', name: 'ci' },
        { kind: 'Group', name: 'ops' },
      ],
    }
    expect(kindFacts(binding as unknown as AnyObject, false)).toEqual([
      ['Grants', 'Role reader'],
      ['Given to', 'ServiceAccount shop/ci\nGroup ops'],
    ])
  })
  it('tells a replication controller as it tells a replica set', () => {
    const set = make(ReplicationController, 'web', {
      spec: {
        replicas: 3,
        selector: { app: 'web' },
        template: { spec: { containers: [{ name: 'main', image: 'web:1' }] } },
      } as unknown as ReplicationController['spec'],
      status: { replicas: 3, readyReplicas: 2 },
    })
    expect(kindFacts(set as unknown as AnyObject, true)).toEqual([
      ['Replicas', '2 ready of 3'],
      ['Images', 'web:1'],
      ['Selector', 'app=web'],
    ])
  })
  it('tells who asked for a certificate and what for, not the request as it was encoded', () => {
    const spec = {
      request: 'LS0tLS1CRUdJTiBDRVJU',
      signerName: 'kubernetes.io/kube-apiserver-client',
      username: 'ada',
      usages: ['digital signature', 'client auth'],
      expirationSeconds: 3600,
    }
    expect(kindFacts(make(CertificateSigningRequest, 'ada', { spec }) as unknown as AnyObject, false)).toEqual([
      ['Signer', 'kubernetes.io/kube-apiserver-client'],
      ['Asked for by', 'ada'],
      ['To be used for', 'digital signature\nclient auth'],
      ['Holds for', '3600 s'],
    ])
  })
  it('tells the beginning of what is long, alone and in lists', () => {
    const bundle = { apiVersion: 'example.com/v1', kind: 'Bundle', metadata: {}, spec: { pem: 'A'.repeat(5_000), all: ['B'.repeat(5_000)] } } // prettier-ignore
    expect(kindFacts(bundle as unknown as AnyObject, false)).toEqual([
      ['pem', `${'A'.repeat(240)}…`],
      ['all', `${'B'.repeat(240)}…`],
    ])
  })
  it('tells a kind that it does not know by its fields, lists by the names of what is in them', () => {
    const gadget = {
      apiVersion: 'example.com/v1',
      kind: 'Gadget',
      metadata: { name: 'one' },
      spec: {
        size: 'small',
        parts: [{ name: 'lid' }, { name: 'box' }],
        tags: [],
        limits: { power: { watts: 3 }, most: 9007199254740993n },
      },
      status: { phase: 'Built', conditions: [{ type: 'Ready' }] },
    }
    expect(kindFacts(gadget as unknown as AnyObject, false)).toEqual([
      ['size', 'small'],
      ['parts', 'lid\nbox'],
      ['limits.power.watts', '3'],
      ['limits.most', '9007199254740993'],
      ['status.phase', 'Built'],
    ])
  })
  it('leaves it to the details that a kind has', () =>
    expect(kindFacts(settings as unknown as AnyObject, true)).toEqual([]))
})
