// Devices that may be used only once their driver has made them ready, such as by attaching them to the node. Which
// conditions it says that by stands in the claim's allocation, and whether they hold in the claim's status.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#device-binding-conditions
import type { ResourceClaim } from '../../../../shared/api/resource/v1.ts'
import { type Clock, delay } from '../../../../shared/machinery/clock.ts'
import { conditionOf, isConditionTrue } from '../../../../shared/machinery/conditions.ts'

export interface BindingWait {
  readonly clock: Clock
  /** Ends the waiting. */
  readonly signal: AbortSignal
  /** How long a device may take, counted from its allocation. */
  readonly timeoutMs: number
}

const FIRST_LOOK_MS = 20
const LAST_LOOK_MS = 1_000

const conditional = ({ status }: ResourceClaim) =>
  (status.allocation?.devices?.results ?? []).filter(({ bindingConditions }) => bindingConditions?.length)

export const hasBindingConditions = (claim: ResourceClaim): boolean => conditional(claim).length > 0

/** @throws Error when a driver says that it failed */
export function isReady(claim: ResourceClaim): boolean {
  for (const { driver, pool, device, bindingConditions, bindingFailureConditions } of conditional(claim)) {
    const told = claim.status.devices?.find(
      status => status.driver === driver && status.pool === pool && status.device === device,
    )
    for (const type of bindingFailureConditions ?? []) {
      const { status, reason = '', message = '' } = conditionOf(told?.conditions, type) ?? {}
      if (status !== 'True') continue
      const why = `reason=${reason}, message=${JSON.stringify(message)}`
      throw new Error(`device binding failed: claim=${claim.metadata.name}, ${why}`)
    }
    if (!bindingConditions?.every(type => isConditionTrue(told?.conditions, type))) return false
  }
  return true
}

/** Not ready in its time. */
const isOverdue = (claim: ResourceClaim, { clock, timeoutMs }: BindingWait): boolean =>
  Date.parse(claim.status.allocation?.allocationTimestamp ?? '') + timeoutMs < clock.now()

/** Its devices are not going to be ready: others have to be found. */
export function isGivenUp(claim: ResourceClaim, wait: BindingWait): boolean {
  try {
    return hasBindingConditions(claim) && !isReady(claim) && isOverdue(claim, wait)
  } catch {
    return true
  }
}

/** @param current looks each claim up again @throws Error when a device fails, or takes too long */
export async function untilReady(wait: BindingWait, current: () => readonly ResourceClaim[]): Promise<void> {
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(LAST_LOOK_MS, waitMs * 2)) {
    const missing = current().filter(claim => !isReady(claim))
    if (missing.length === 0) return
    const late = missing.find(claim => isOverdue(claim, wait))
    if (late) throw new Error(`device binding timeout: claim=${late.metadata.name}`)
    await delay(wait.clock, waitMs, wait.signal)
  }
}
