// resourcequota: counts again what the objects of a namespace take out of each of its ResourceQuotas.
import { PersistentVolumeClaim, Pod, ResourceQuota, Service } from '../../../shared/api/core/v1.ts'
import { DeviceClass, ResourceClaim } from '../../../shared/api/resource/v1.ts'
import { type Index, byNamespace } from '../../../shared/client/lister.ts'
import {
  type Change,
  type ControllerContext,
  type Reconciler,
  type Result,
  type Watch,
  mapped,
  own,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { deepEqual, semanticEqual } from '../../../shared/machinery/deep-equal.ts'
import { CLASS_PREFIX, classOfResource } from '../../../shared/machinery/extended-devices.ts'
import type { KubeObject } from '../../../shared/machinery/object.ts'
import { parseQuantity, zero } from '../../../shared/machinery/quantity.ts'
import { type DeviceSurroundings, extendedClaimOwner } from '../../../shared/machinery/quota-devices.ts'
import { measuredKinds } from '../../../shared/machinery/quota-evaluators.ts'
import { stopsCountingAt } from '../../../shared/machinery/quota-pod-usage.ts'
import { scopesOf } from '../../../shared/machinery/quota-scopes.ts'
import { type Usage, addUsage } from '../../../shared/machinery/quota-usage.ts'
import { groupResourceOf } from '../../../shared/machinery/resource-type.ts'
import { COUNTED, countObjects } from './count-objects.ts'

const RESYNC_MS = 300_000
/** Of kinds that are not watched. */
const RECOUNT_MS = 10_000

export class ResourceQuotaController implements Reconciler<ResourceQuota> {
  readonly name = 'resourcequota'
  readonly type = ResourceQuota
  readonly watches: readonly Watch[] = [
    // What was used is told by the API server, too.
    own(ResourceQuota, ({ object, old }) => !old || !deepEqual(object.spec, old.spec)),
    mapped(Pod, quotasFor<Pod>(podCountsOtherwise)),
    mapped(
      Service,
      quotasFor<Service>((now, old) => !deepEqual(now.spec, old.spec)),
    ),
    mapped(
      PersistentVolumeClaim,
      quotasFor(() => true),
    ),
    mapped(
      ResourceClaim,
      quotasFor(() => false),
    ),
    mapped(DeviceClass, quotasOfDevices),
    ...COUNTED.map(type =>
      mapped(
        type,
        quotasFor(() => false),
      ),
    ),
  ]

  async reconcile(quota: ResourceQuota, context: ControllerContext): Promise<Result> {
    const hard = quota.spec.hard ?? {}
    const names = Object.keys(hard)
    const { usage, asked } = await usageOf(quota, names, context)
    const known = new Map(Object.entries(quota.status.used ?? {}))
    const used = names
      .map(name => [name, usage.get(name)?.toString() ?? known.get(name)] as const)
      .filter((entry): entry is [string, string | number] => entry[1] !== undefined)
    const status = { hard, used: Object.fromEntries(used) }
    // One that was written meanwhile knows more than what was counted here: the next try counts again.
    if (!semanticEqual(quota.status, status))
      await context.client.updateStatus(ResourceQuota, { ...quota, status }, { signal: context.signal })
    const wait = asked ? RECOUNT_MS : RESYNC_MS
    const now = context.clock.now()
    const ends = context
      .lister(Pod)
      .by(byNamespace, quota.metadata.namespace)
      .flatMap(pod => stopsCountingAt(pod) ?? [])
      .filter(at => at > now)
    return requeueAfter(Math.min(wait, ...ends.map(at => at - now)))
  }
}

/** @returns what is used of the named resources; `asked` when some are of kinds that nobody watches */
async function usageOf(
  quota: ResourceQuota,
  names: readonly string[],
  context: ControllerContext,
): Promise<{ usage: Usage; asked: boolean }> {
  const { lister, clock } = context
  const { namespace } = quota.metadata
  const scopes = scopesOf(quota.spec)
  const around = surroundingsOf(context)
  const usage: Usage = new Map()
  for (const kind of measuredKinds) {
    const wanted = names.filter(name => kind.concerns(name, around))
    if (wanted.length === 0) continue
    const total: Usage = new Map()
    for (const object of lister(kind.type).by(byNamespace, namespace))
      if (scopes.every(scope => kind.inScope(object, scope))) addUsage(total, kind.usage(object, clock.now(), around))
    // Several kinds may fill one name.
    addUsage(usage, new Map(wanted.map(name => [name, total.get(name) ?? zero])))
  }
  let asked = false
  for (const name of names) {
    if (usage.has(name)) continue
    const resource = name.startsWith('count/') ? name.slice('count/'.length) : name
    const watched = COUNTED.find(type => groupResourceOf(type) === resource)
    // Only pods and claims have scopes.
    if (scopes.length > 0) usage.set(name, zero)
    else if (watched) usage.set(name, parseQuantity(String(lister(watched).by(byNamespace, namespace).length)))
    else if (name.startsWith('count/')) {
      asked = true
      const count = await countObjects(context, resource, namespace)
      if (count !== undefined) usage.set(name, parseQuantity(String(count)))
    }
  }
  return { usage, asked }
}

/** Queues the quotas of the object's namespace when it comes, goes, or counts otherwise than before. */
function quotasFor<T extends KubeObject>(countsOtherwise: (now: T, old: T) => boolean) {
  return ({ type, object, old }: Change<T>, { lister }: ControllerContext) =>
    type === 'updated' && !countsOtherwise(object, old)
      ? []
      : lister(ResourceQuota)
          .by(byNamespace, object.metadata.namespace ?? '')
          .map(({ metadata }) => metadata)
}

/** Those of the extended resource that a class is now, or was before. */
function quotasOfDevices(change: Change<DeviceClass>, { lister }: ControllerContext) {
  const classes = change.type === 'updated' ? [change.object, change.old] : [change.object]
  const names = classes.flatMap(({ metadata: { name }, spec: { extendedResourceName: own } }) =>
    [`${CLASS_PREFIX}${name}`, ...(own ? [own] : [])].map(resource => `requests.${resource}`),
  )
  return lister(ResourceQuota)
    .list()
    .filter(({ spec }) => names.some(name => Object.hasOwn(spec.hard ?? {}, name)))
    .map(({ metadata }) => metadata)
}

const madeFor: Index<ResourceClaim> = { name: 'extendedClaimOwner', values: claim => [extendedClaimOwner(claim)] }

const surroundingsOf = ({ lister }: ControllerContext): DeviceSurroundings => ({
  classOf: resource => classOfResource(lister(DeviceClass), resource),
  classNamed: name => lister(DeviceClass).get({ name }),
  podNamed: (namespace, name) => lister(Pod).get({ namespace, name }),
  claimsMadeFor: (_namespace, podUid) => lister(ResourceClaim).by(madeFor, podUid),
})

function podCountsOtherwise(now: Pod, old: Pod): boolean {
  return (
    now.status.phase !== old.status.phase ||
    now.metadata.generation !== old.metadata.generation ||
    now.metadata.deletionTimestamp !== old.metadata.deletionTimestamp
  )
}
