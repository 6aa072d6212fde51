// When a claim's devices have to be given up, because of taints that say NoExecute.
import { type DeviceTaint, type ResourceClaim, ResourceSlice } from '../../../shared/api/resource/v1.ts'
import type { Index, Lister } from '../../../shared/client/lister.ts'
import { tolerates } from '../../../shared/machinery/taints.ts'

const NO_EXECUTE = 'NoExecute'
const NEVER = Number.POSITIVE_INFINITY

export const poolKey = (driver: string, pool: string): string => `${driver}/${pool}`

const slicesOfPool: Index<ResourceSlice> = {
  name: 'pool',
  values: ({ spec: { driver, pool } }) => [poolKey(driver, pool.name)],
}

export const claimsOfPool: Index<ResourceClaim> = {
  name: 'pool',
  values: ({ status }) => [
    ...new Set((status.allocation?.devices?.results ?? []).map(({ driver, pool }) => poolKey(driver, pool))),
  ],
}

export const evicts = ({ effect }: DeviceTaint): boolean => effect === NO_EXECUTE

/** Of the pool's newest generation: older slices are about to go. */
function taintsOf(slices: Lister<ResourceSlice>, driver: string, pool: string, device: string): DeviceTaint[] {
  const all = slices.by(slicesOfPool, poolKey(driver, pool))
  const newest = all.reduce((most, { spec: { pool } }) => (pool.generation > most ? pool.generation : most), -1)
  return all
    .filter(({ spec }) => spec.pool.generation === newest)
    .flatMap(({ spec }) => (spec.devices ?? []).find(({ name }) => name === device)?.taints ?? [])
    .filter(evicts)
}

/** @returns a time in milliseconds; infinity when nothing has to be given up */
export function evictionMs({ status }: ResourceClaim, slices: Lister<ResourceSlice>): number {
  let earliest = NEVER
  for (const { driver, pool, device, tolerations = [] } of status.allocation?.devices?.results ?? [])
    for (const taint of taintsOf(slices, driver, pool, device)) {
      const waits = tolerations
        .filter(toleration => tolerates(toleration, taint))
        .map(({ tolerationSeconds: seconds }) => (seconds === undefined ? NEVER : Math.max(0, Number(seconds) * 1000)))
      const addedMs = taint.timeAdded === undefined ? 0 : Date.parse(taint.timeAdded)
      if (!waits.includes(NEVER)) earliest = Math.min(earliest, addedMs + Math.min(...(waits.length ? waits : [0])))
    }
  return earliest
}
