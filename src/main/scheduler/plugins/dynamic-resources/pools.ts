// Devices by pool, as the drivers publish them in ResourceSlices. A pool is the slices of its newest generation; one
// that is not whole yet gives nothing away.
import type { Node, NodeSelector } from '../../../../shared/api/core/v1.ts'
import type { Device, ResourceSlice } from '../../../../shared/api/resource/v1.ts'
import { matchesNodeSelector } from '../../../../shared/machinery/node-selector.ts'

export interface PooledDevice {
  /** `<driver>/<pool>/<device>`, the same in every cluster object that names it. */
  readonly id: string
  readonly driver: string
  readonly pool: Pool
  readonly device: Device
  readonly slice: ResourceSlice
}

export interface Pool {
  readonly driver: string
  readonly name: string
  readonly slices: readonly ResourceSlice[]
  /** The driver has not published all of its slices. */
  readonly incomplete: boolean
  /** Two devices share a name. */
  readonly invalid: boolean
  /** Of all its slices, on whichever node. */
  readonly devices: readonly PooledDevice[]
}

/** A pool as one node sees it. */
export interface ReachablePool {
  readonly pool: Pool
  readonly devices: readonly PooledDevice[]
}

export const deviceId = (driver: string, pool: string, device: string): string => `${driver}/${pool}/${device}`

/** @returns what a driver tells under the name `domain/name`, of which it may leave its own domain out */
export function toldAs<T>(driver: string, name: string, told: Readonly<Record<string, T>> = {}): T | undefined {
  const key = keyToldAs(driver, name, told)
  return key === undefined ? undefined : told[key]
}

export function keyToldAs(driver: string, name: string, told: Readonly<Record<string, unknown>> = {}) {
  const short = name.startsWith(`${driver}/`) ? name.slice(driver.length + 1) : name
  return [name, short].find(each => Object.hasOwn(told, each))
}

function makePool(driver: string, name: string, slices: readonly ResourceSlice[]): Pool {
  const devices: PooledDevice[] = []
  const pool = { driver, name, slices, devices, incomplete: false, invalid: false }
  for (const slice of slices)
    for (const device of slice.spec.devices ?? [])
      devices.push({ id: deviceId(driver, name, device.name), driver, pool, device, slice })
  pool.incomplete = slices.length !== slices[0]?.spec.pool.resourceSliceCount
  pool.invalid = new Set(devices.map(({ id }) => id)).size < devices.length
  return pool
}

interface Reach {
  readonly nodeName?: string
  readonly allNodes?: boolean
  readonly nodeSelector?: NodeSelector
}

function reaches({ nodeName, allNodes, nodeSelector }: Reach, node: Node): boolean {
  if (nodeName) return nodeName === node.metadata.name
  return Boolean(allNodes) || (nodeSelector !== undefined && matchesNodeSelector(nodeSelector, node))
}

const isReachable = ({ slice, device }: PooledDevice, node: Node): boolean =>
  reaches(slice.spec.perDeviceNodeSelection ? device : slice.spec, node)

export class Pools {
  /** Pools whose slices all belong to one node. */
  readonly #ofNode = new Map<string, Pool[]>()
  readonly #others: Pool[] = []

  constructor(slices: readonly ResourceSlice[]) {
    const newest = new Map<string, ResourceSlice[]>()
    for (const slice of slices) {
      const { driver, pool } = slice.spec
      const key = `${driver}/${pool.name}`
      const known = newest.get(key)
      const generation = known?.[0]?.spec.pool.generation ?? -1
      if (!known || pool.generation > generation) newest.set(key, [slice])
      else if (pool.generation === generation) known.push(slice)
    }
    for (const all of newest.values()) {
      const [first] = all
      if (!first) continue
      const { driver, nodeName } = first.spec
      const pool = makePool(driver, first.spec.pool.name, all)
      if (!nodeName || all.some(({ spec }) => spec.nodeName !== nodeName)) this.#others.push(pool)
      else this.#ofNode.set(nodeName, [...(this.#ofNode.get(nodeName) ?? []), pool])
    }
  }

  /** Pools that have something for the node. */
  reachableFrom(node: Node): ReachablePool[] {
    const own = (this.#ofNode.get(node.metadata.name) ?? []).map(pool => ({ pool, devices: pool.devices }))
    const others = this.#others.map(pool => ({
      pool,
      devices: pool.devices.filter(device => isReachable(device, node)),
    }))
    return [...own, ...others.filter(({ devices }) => devices.length > 0)]
  }
}
