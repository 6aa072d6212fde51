// What has to start before the server is whole, under upstream's names: a check each, which passes once the part that does
// it here has started.
import type { HealthCheck } from './health.ts'

const hooks = (...names: string[]): readonly string[] => names.map(name => `poststarthook/${name}`)

const NAMES = {
  server: hooks(
    'start-apiserver-admission-initializer',
    'generic-apiserver-start-informers',
    'priority-and-fairness-config-consumer',
    'priority-and-fairness-filter',
    'storage-object-count-tracker-hook',
  ),
  definitions: hooks('start-apiextensions-informers', 'start-apiextensions-controllers', 'crd-informer-synced'),
  aggregator: hooks(
    'start-kube-aggregator-informers',
    'apiservice-status-local-available-controller',
    'apiservice-status-remote-available-controller',
    'apiservice-registration-controller',
    'apiservice-discovery-controller',
    'apiservice-openapi-controller',
    'apiservice-openapiv3-controller',
  ),
  registration: [...hooks('kube-apiserver-autoregistration'), 'autoregister-completion'],
  bootstrap: hooks(
    'start-system-namespaces-controller',
    'start-cluster-authentication-info-controller',
    'start-kube-apiserver-identity-lease-controller',
    'start-kube-apiserver-identity-lease-garbage-collector',
    'start-legacy-token-tracking-controller',
    'start-service-ip-repair-controllers',
    'rbac/bootstrap-roles',
    'scheduling/bootstrap-system-priority-classes',
    'priority-and-fairness-config-producer',
    'bootstrap-controller',
  ),
} as const

/** @param hasStarted of the part that does all of these */
export const startChecks = (part: keyof typeof NAMES, hasStarted: () => boolean): HealthCheck[] =>
  NAMES[part].map(name => ({ name, check: () => (hasStarted() ? undefined : 'not finished') }))
