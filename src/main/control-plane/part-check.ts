// How a led part of the control plane is: it runs in this process, or another one that leads it renews the Lease.
import { Lease } from '../../shared/api/coordination/v1.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { HealthCheck } from '../apiserver/health/health.ts'
import type { ObjectStore } from '../store/contract.ts'

export interface PartCheckOptions {
  readonly store: ObjectStore
  readonly clock: Clock
  /** Names of the Leases of the parts that run here without one: nobody else could lead them. */
  readonly running: ReadonlySet<string>
}

/** @param name upstream's of the component; @param lease of its Lease in kube-system */
export const partCheck = (name: string, lease: string, { store, clock, running }: PartCheckOptions): HealthCheck => ({
  name,
  check() {
    if (running.has(lease)) return undefined
    const { spec } = (store.get(`/registry/${Lease.group}/${Lease.plural}/kube-system/${lease}`)?.object ?? {}) as Partial<Lease> // prettier-ignore
    const untilMs = Date.parse(spec?.renewTime ?? '') + (spec?.leaseDurationSeconds ?? 0) * 1000
    return untilMs > clock.now() ? undefined : 'no control plane runs it'
  },
})
