// What a new object of a kind starts as. Kinds that are not named start as their schema's required fields.
import { cloneJson } from '../../shared/machinery/json-object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { createYamlDocument, joinYamlDocuments } from '../api/yaml-text.ts'
import { PLACEHOLDER } from './follow-name.ts'
import { type FieldSchema, isForeignGroup } from './schema.ts'

const container = { name: 'app', image: null }
const app = { app: PLACEHOLDER }
const podTemplate = { metadata: { labels: app }, spec: { containers: [container] } }
const job = { template: { spec: { restartPolicy: 'Never', containers: [container] } } }

const STARTERS: Readonly<Record<string, object>> = {
  ConfigMap: { data: { key: 'value' } },
  CronJob: { spec: { schedule: '0 3 * * *', jobTemplate: { spec: job } } },
  DaemonSet: { spec: { selector: { matchLabels: app }, template: podTemplate } },
  Deployment: { spec: { replicas: 1, selector: { matchLabels: app }, template: podTemplate } },
  HorizontalPodAutoscaler: {
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: null },
      minReplicas: 1,
      maxReplicas: 5,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ],
    },
  },
  Ingress: {
    spec: {
      rules: [
        {
          host: null,
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: null, port: { number: 80 } } } }],
          },
        },
      ],
    },
  },
  Job: { spec: job },
  NetworkPolicy: { spec: { podSelector: { matchLabels: app }, policyTypes: ['Ingress'] } },
  PersistentVolumeClaim: {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  },
  Pod: { spec: { containers: [container] } },
  PodDisruptionBudget: { spec: { minAvailable: 1, selector: { matchLabels: app } } },
  Role: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] }] },
  ClusterRole: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] }] },
  RoleBinding: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: null }, subjects: [] },
  ClusterRoleBinding: {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: null },
    subjects: [],
  },
  Secret: { type: 'Opaque', data: {} },
  Service: { spec: { type: 'ClusterIP', selector: app, ports: [{ port: 80, targetPort: 8080 }] } },
  StatefulSet: {
    spec: { serviceName: PLACEHOLDER, replicas: 1, selector: { matchLabels: app }, template: podTemplate },
  },
}

/** Kinds whose labels and selectors say their own name; those of others mean what somebody else made. */
export const callsItself = ({ kind, group }: ResourceType<unknown>): boolean =>
  !isForeignGroup(group) && ['DaemonSet', 'Deployment', 'Service', 'StatefulSet'].includes(kind)

/** An empty value of a schema: what must be there, blank. */
export function blank(schema: FieldSchema, depth = 0): unknown {
  switch (schema.shape) {
    case 'object':
      return Object.fromEntries(
        depth > 4
          ? []
          : [...schema.fields]
              .filter(([name]) => schema.required.has(name))
              .map(([name, field]) => [name, blank(field, depth + 1)]),
      )
    case 'list':
      return []
    case 'map':
    case 'any':
      return {}
    case 'flag':
      return schema.default ?? false
    default:
      return schema.default ?? schema.choices[0] ?? null
  }
}

export function startingText(type: ResourceType<unknown>, schema: FieldSchema | undefined, namespace: string): string {
  const { group, version, kind, namespaced } = type
  const isOld = kind === 'HorizontalPodAutoscaler' && version === 'v1'
  // A copy, as what stands in two places would be written as an anchor and an alias.
  const known = isForeignGroup(group) || isOld || !STARTERS[kind] ? undefined : cloneJson(STARTERS[kind])
  const required =
    schema && !known
      ? [...schema.fields].filter(
          ([name]) =>
            !['apiVersion', 'kind', 'metadata', 'status'].includes(name) &&
            (schema.required.has(name) || name === 'spec'),
        )
      : []
  return joinYamlDocuments([
    createYamlDocument({
      apiVersion: group ? `${group}/${version}` : version,
      kind,
      metadata: { name: null, ...(namespaced ? { namespace } : {}) },
      ...(known ?? Object.fromEntries(required.map(([name, field]) => [name, blank(field)]))),
    }),
  ])
}
