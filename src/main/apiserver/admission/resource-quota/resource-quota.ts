// ResourceQuota: refuses what would take more out of a namespace's quotas than they hold.
// @see https://kubernetes.io/docs/concepts/policy/resource-quotas/
import { createHash } from 'node:crypto'
import { Pod } from '../../../../shared/api/core/v1.ts'
import { type Clock, systemClock } from '../../../../shared/machinery/clock.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { type Quantity, zero } from '../../../../shared/machinery/quantity.ts'
import { scopesOf } from '../../../../shared/machinery/quota-scopes.ts'
import { evaluatorOf, type QuotaEvaluator } from '../../../../shared/machinery/quota-evaluators.ts'
import type { Usage } from '../../../../shared/machinery/quota-usage.ts'
import { forbidden } from '../../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../../store/contract.ts'
import { keyOf } from '../../keys.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../contract.ts'
import { isType } from '../is-type.ts'
import { type LimitedResource, uncovered } from './limited-resources.ts'
import { missingAmounts } from './must-specify.ts'
import { type Quota, type QuotaLedgers, Quotas } from './quotas.ts'
import { QuotaStatuses } from './statuses.ts'

interface Claim {
  readonly quota: Quota
  readonly ledgers: QuotaLedgers
}

/** Pods are charged when they are made and resized, everything else that is measured with each write. */
function isCharged({ operation, subresource, resource }: AdmissionRequest): boolean {
  if (isType({ resource }, Pod)) return subresource === '' ? operation === 'CREATE' : subresource === 'resize'
  return subresource === '' && (operation === 'CREATE' || operation === 'UPDATE')
}

/** What the write adds, without what it takes no more of. */
function deltaOf({ object, oldObject }: AdmissionRequest, usageOf: (object: AnyObject) => Usage): Usage {
  const before = oldObject ? usageOf(oldObject) : undefined
  const delta: Usage = new Map()
  for (const [name, amount] of usageOf(object as AnyObject)) {
    const more = before ? amount.sub(before.get(name) ?? zero) : amount
    if (more.compare(zero) > 0) delta.set(name, more)
  }
  return delta
}

const show = (names: readonly string[], amounts: ReadonlyMap<string, Quantity>) =>
  names.map(name => `${name}=${(amounts.get(name) ?? zero).toString()}`).join(',')

/** What of the amounts that are asked for is more than the quota has left. */
function exceededOf({ quota, ledgers }: Claim, used: Usage, delta: Usage): string[] {
  return ledgers.names
    .filter(each => {
      const more = delta.get(each)
      return more && (used.get(each) ?? zero).add(more).compare(quota.hard.get(each) ?? zero) > 0
    })
    .sort()
}

const hasEnough = (claim: Claim, delta: Usage) => exceededOf(claim, claim.ledgers.used(), delta).length === 0

/** Whether what is used is within the quota, with what is reserved for this write. */
const stillHolds = (claim: Claim, delta: Usage) =>
  !claim.ledgers.lost &&
  exceededOf(claim, claim.ledgers.used(), new Map([...delta.keys()].map(each => [each, zero]))).length === 0

/** @throws ApiError 403 when one quota does not have that much left */
function assertEnough({ resource, name }: AdmissionRequest, claim: Claim, delta: Usage): void {
  const { quota, ledgers } = claim
  const used = ledgers.used()
  const exceeded = exceededOf(claim, used, delta)
  if (exceeded.length === 0) return
  throw forbidden(
    resource.type,
    name,
    `exceeded quota: ${quota.name}, requested: ${show(exceeded, delta)}, used: ${show(exceeded, used)}, limited: ${show(exceeded, quota.hard)}`,
  )
}

/** Namespaces come and go; the names of guards do not. */
const guardOf = (namespace: string) => `quota-${createHash('sha256').update(namespace).digest('hex').slice(0, 2)}`

/** @param limited what may be had only where a quota covers it */
export function resourceQuota(
  store: ObjectStore,
  clock: Clock = systemClock,
  limited: readonly LimitedResource[] = [],
): AdmissionPlugin & Disposable {
  const quotas = new Quotas(store, clock)
  const statuses = new QuotaStatuses(quotas)
  const charged = new WeakMap<AdmissionRequest, readonly Claim[]>()

  function claimsOf(request: AdmissionRequest, evaluator: QuotaEvaluator): Claim[] {
    return quotas.of(request.namespace).flatMap(quota => {
      if (quota.namesOf(evaluator).length === 0) return []
      const ledgers = quota.ledgersOf(request.resource)
      return ledgers.own.isInScope(request.object as AnyObject) ? { quota, ledgers } : []
    })
  }

  const usageBy = (evaluator: QuotaEvaluator) => (object: AnyObject) =>
    evaluator.usage(object, clock.now(), quotas.around)

  function assertCovered(request: AdmissionRequest, evaluator: QuotaEvaluator, claims: readonly Claim[]): void {
    const { resource, name, namespace } = request
    const object = request.object as AnyObject
    const scopes = quotas.of(namespace).flatMap(({ spec }) => scopesOf(spec).filter(scope => evaluator.inScope(object, scope))) // prettier-ignore
    const covered = { names: new Set(claims.flatMap(({ ledgers }) => ledgers.names)), scopes }
    const measured = { object, usage: usageBy(evaluator)(object), evaluator }
    const why = uncovered(limited, resource.type, measured, covered)
    if (why !== undefined) throw forbidden(resource.type, name, why)
  }

  async function charge(request: AdmissionRequest): Promise<void> {
    const { resource, object, name } = request
    const evaluator = evaluatorOf(resource.type)
    let refreshed = false
    for (;;) {
      const claims = claimsOf(request, evaluator)
      if (isType(request, Pod))
        for (const { quota, ledgers } of claims) {
          const missing = missingAmounts(object as unknown as Pod, ledgers.names)
          if (missing) throw forbidden(resource.type, name, `failed quota: ${quota.name}: ${missing}`)
        }
      const delta = deltaOf(request, usageBy(evaluator))
      if (delta.size === 0) return
      if (limited.length > 0) assertCovered(request, evaluator, claims)
      if (claims.length === 0) return
      await Promise.all(claims.map(({ ledgers }) => ledgers.ready))
      // Quotas that changed meanwhile have other ledgers. From here on nothing waits: checked is reserved.
      const now = claimsOf(request, evaluator)
      if (now.length !== claims.length || now.some(({ ledgers }, i) => !claims[i]?.ledgers.isSame(ledgers))) continue
      if (!refreshed && store.shared && !claims.every(claim => hasEnough(claim, delta))) {
        // Somebody may have given something back elsewhere.
        await store.fresh()
        refreshed = true
        continue
      }
      for (const claim of claims) assertEnough(request, claim, delta)
      if (request.dryRun) return
      const key = keyOf(resource, request.namespace, name)
      for (const { ledgers } of claims) ledgers.own.reserve(request, key, delta)
      charged.set(request, claims)
      request.guards?.push({
        name: guardOf(request.namespace),
        holds: () => claims.every(claim => stillHolds(claim, delta)),
      })
      return
    }
  }

  return {
    name: 'ResourceQuota',
    attach: server => statuses.attach(server),
    validate(request) {
      if (request.namespace === '' || !request.object || !isCharged(request)) return
      if (limited.length === 0 && quotas.of(request.namespace).length === 0) return
      return charge(request)
    },
    written(request) {
      const { namespace, resource } = request
      const told = charged.get(request)?.map(({ quota: { name } }) => statuses.tell({ namespace, name }, resource))
      return told && Promise.all(told).then(() => undefined)
    },
    settle(request) {
      for (const { ledgers } of charged.get(request) ?? []) ledgers.own.settle(request)
    },
    [Symbol.dispose]: () => quotas[Symbol.dispose](),
  }
}
