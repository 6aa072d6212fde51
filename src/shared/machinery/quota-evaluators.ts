// What each kind means to a ResourceQuota: which of the quota's names it fills, when a scope covers it, what it takes.
import { PersistentVolumeClaim, Pod, type ScopedResourceSelectorRequirement, Service } from '../api/core/v1.ts'
import { ResourceClaim } from '../api/resource/v1.ts'
import type { KubeObject } from './object.ts'
import { type DeviceSurroundings, deviceClaimUsage, isOfDevices } from './quota-devices.ts'
import { podUsage } from './quota-pod-usage.ts'
import { claimInScope, podInScope } from './quota-scopes.ts'
import { type Usage, claimUsage, one, serviceUsage } from './quota-usage.ts'
import { groupResourceOf, type ResourceType } from './resource-type.ts'

type Kind = Pick<ResourceType<unknown>, 'group' | 'plural'>

export interface QuotaEvaluator<T extends KubeObject = KubeObject> {
  /** Whether this kind fills this name of `spec.hard`; others may, too. */
  concerns(name: string, around: DeviceSurroundings): boolean
  /** All scopes of a quota must cover the object. */
  inScope(object: T, scope: ScopedResourceSelectorRequirement): boolean
  usage(object: T, nowMs: number, around: DeviceSurroundings): Usage
}

/** A kind that has more to it than its number. */
export interface MeasuredKind<T extends KubeObject = KubeObject> extends QuotaEvaluator<T> {
  readonly type: ResourceType<T>
}

const measured = <T extends KubeObject>(kind: MeasuredKind<T>): MeasuredKind => kind as unknown as MeasuredKind

const PODS = /^(pods|count\/pods|cpu|memory|ephemeral-storage|hugepages-.*|limits\..*|requests\.(?!storage$).*)$/
const SERVICES = /^(services|count\/services|services\.nodeports|services\.loadbalancers)$/
const CLAIMS =
  /^(persistentvolumeclaims|count\/persistentvolumeclaims|requests\.storage|.*\.storageclass\.storage\.k8s\.io\/.*)$/
const DEVICES = /^(count\/resourceclaims\.resource\.k8s\.io|.*\.deviceclass\.resource\.k8s\.io\/devices)$/

export const measuredKinds: readonly MeasuredKind[] = [
  measured({ type: Pod, concerns: name => PODS.test(name), inScope: podInScope, usage: podUsage }),
  measured({ type: Service, concerns: name => SERVICES.test(name), inScope: () => false, usage: serviceUsage }),
  measured({
    type: PersistentVolumeClaim,
    concerns: name => CLAIMS.test(name),
    inScope: claimInScope,
    usage: claimUsage,
  }),
  measured({
    type: ResourceClaim,
    concerns: (name, around) => DEVICES.test(name) || isOfDevices(name, around),
    inScope: () => false,
    usage: deviceClaimUsage,
  }),
]

/** Kinds that quotas could count before `count/…` existed. */
const COUNTED_BY_NAME = new Set(['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas'])

/** A kind of which only the number counts; no scope covers it. */
export function countOf(kind: Kind): QuotaEvaluator {
  const resource = groupResourceOf(kind)
  const names = [`count/${resource}`, ...(COUNTED_BY_NAME.has(resource) ? [resource] : [])]
  const usage: Usage = new Map(names.map(name => [name, one]))
  return { concerns: name => names.includes(name), inScope: () => false, usage: () => usage }
}

export const evaluatorOf = (kind: Kind): QuotaEvaluator =>
  measuredKinds.find(({ type }) => type.group === kind.group && type.plural === kind.plural) ?? countOf(kind)
