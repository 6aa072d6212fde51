// What the cluster knows of this node's CSI drivers: the CSINode object, and of the Node an annotation and the labels of
// the topology that drivers tell of.
import { Node } from '../../../shared/api/core/v1.ts'
import { CSINode, type CSINodeDriver } from '../../../shared/api/storage/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { ApiError, isAlreadyExists, isNotFound } from '../../../shared/machinery/status.ts'
import { Serialised } from '../../network/serialised.ts'
import type { NodeInfo } from './csi-api.ts'

export interface CsiNodeOptions {
  readonly client: Client
  readonly nodeName: string
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly log: Log
}

const NODE_IDS = 'csi.volume.kubernetes.io/nodeid'
/** Of the object's field, which has 32 bits. */
const MOST_VOLUMES = 2 ** 31 - 1
const RETRY_MS = 2_000

/** Two drivers, or a driver and somebody else, say differently where the node is. */
class CollisionError extends Error {
  override readonly name = 'CollisionError'
}

export class CsiNode {
  readonly #options: CsiNodeOptions
  readonly #infos = new Map<string, NodeInfo>()
  /** Drivers that are not to be told of any more, though an object may still. */
  readonly #gone = new Set<string>()
  #telling: Promise<void> | undefined
  readonly #writes = new Serialised(() => this.#write())

  constructor(options: CsiNodeOptions) {
    this.#options = options
  }

  /** Makes the object, without drivers where none has registered; tries until it is there. */
  async start(): Promise<void> {
    const { clock, signal, log } = this.#options
    while (!signal.aborted)
      try {
        return await this.#writes.run()
      } catch (error) {
        log.debug({ error: String(error) }, 'CSINode not written')
        await delay(clock, RETRY_MS, signal).catch(() => undefined) // aborted: the loop ends
      }
  }

  /**
   * With the API server away the driver is used all the same, and told of later: its pods start again without it.
   * @throws Error when the cluster refuses it: the driver is not used then
   */
  async install(driver: string, info: NodeInfo): Promise<void> {
    if (info.nodeId === '') throw new Error('error adding CSI driver node info: driverNodeID must not be empty')
    this.#infos.set(driver, info)
    this.#gone.delete(driver)
    try {
      await this.#writes.run()
    } catch (error) {
      const isRefused = error instanceof CollisionError || (error instanceof ApiError && error.code < 500)
      if (!isRefused) return this.#tellLater()
      this.#infos.delete(driver)
      throw new Error(`error updating CSINode object with CSI driver node info: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }

  /** Returns at once where the API server is away. */
  async uninstall(driver: string): Promise<void> {
    this.#infos.delete(driver)
    this.#gone.add(driver)
    await this.#writes.run().catch(() => this.#tellLater())
  }

  #tellLater(): void {
    this.#telling ??= this.start().finally(() => (this.#telling = undefined))
  }

  async #write(): Promise<void> {
    const { client, nodeName, signal } = this.#options
    const node = await client.get(Node, { name: nodeName }, { signal })
    await this.#writeNode(node)
    await this.#writeDrivers(node)
  }

  async #writeNode({ metadata: { name, annotations = {}, labels = {} } }: Node): Promise<void> {
    const { client, signal } = this.#options
    const topology = Object.assign({}, ...[...this.#infos.values()].map(info => info.accessibleTopology?.segments))
    for (const [key, value] of Object.entries(topology as Record<string, string>))
      if (labels[key] !== undefined && labels[key] !== value)
        throw new CollisionError(`detected topology value collision: driver reported ${JSON.stringify(key)}:${JSON.stringify(value)} but existing label is ${JSON.stringify(key)}:${JSON.stringify(labels[key])}`) // prettier-ignore
    const before = readIds(annotations[NODE_IDS])
    const kept = Object.entries(before).filter(([driver]) => !this.#gone.has(driver))
    const ids = { ...Object.fromEntries(kept), ...Object.fromEntries([...this.#infos].map(([driver, { nodeId }]) => [driver, nodeId])) } // prettier-ignore
    const isTold = deepEqual(before, ids) && Object.keys(topology).every(key => labels[key] !== undefined)
    if (isTold) return
    const text = Object.keys(ids).length > 0 ? JSON.stringify(ids) : null
    const patch = { metadata: { annotations: { [NODE_IDS]: text }, labels: topology as Record<string, string> } }
    await client.patch(Node, { name }, patch, { type: 'merge', signal })
  }

  async #writeDrivers({ metadata: { name, uid } }: Node): Promise<void> {
    const { client, signal } = this.#options
    const found = await client.get(CSINode, { name }, { signal }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined
      throw error
    })
    const isOurs = found?.metadata.ownerReferences?.some(owner => owner.kind === 'Node' && owner.uid === uid)
    // Of a node of this name that was removed from the cluster.
    if (found && !isOurs) await client.delete(CSINode, { name }, { preconditions: { uid: found.metadata.uid }, signal })
    const before = isOurs ? (found?.spec.drivers ?? []) : []
    const others = before.filter(driver => !this.#infos.has(driver.name) && !this.#gone.has(driver.name))
    const drivers = [...others, ...[...this.#infos].map(([driver, info]) => driverOf(driver, info))]
    const sorted = (all: readonly CSINodeDriver[]) => all.toSorted((a, b) => a.name.localeCompare(b.name))
    if (isOurs && found) {
      if (!deepEqual(sorted(before), sorted(drivers)))
        await client.update(CSINode, { ...found, spec: { drivers } }, { signal })
      return
    }
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name, uid }]
    try {
      await client.create(CSINode, { metadata: { name, ownerReferences }, spec: { drivers } }, { signal })
    } catch (error) {
      if (!isAlreadyExists(error) || drivers.length > 0) throw error
    }
  }
}

function readIds(text: string | undefined): Record<string, string> {
  try {
    const parsed: unknown = JSON.parse(text ?? '{}')
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, string>) : {}
  } catch {
    return {} // nobody's: written anew
  }
}

function driverOf(name: string, { nodeId, maxVolumesPerNode, accessibleTopology }: NodeInfo): CSINodeDriver {
  const topologyKeys = Object.keys(accessibleTopology?.segments ?? {}).toSorted()
  return {
    name,
    nodeID: nodeId,
    ...(topologyKeys.length > 0 ? { topologyKeys } : {}),
    ...(maxVolumesPerNode > 0 ? { allocatable: { count: Math.min(maxVolumesPerNode, MOST_VOLUMES) } } : {}),
  }
}
