// What quotas say is used, true by the time a write that was charged is answered. The ledgers count, as they do for
// admission; one write of a quota's status tells for everybody who came before it began.
import { ResourceQuota } from '../../../../shared/api/core/v1.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { parseQuantity, zero } from '../../../../shared/machinery/quantity.ts'
import { isNotFound } from '../../../../shared/machinery/status.ts'
import { API_SERVER } from '../../authn/own-user.ts'
import type { ObjectName, OwnWrite, ServerWriter } from '../../endpoints/server-view.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import type { Quotas } from './quotas.ts'

const BY: OwnWrite = {
  user: API_SERVER,
  strategy: 'status',
  subresource: 'status',
  fieldManager: 'kube-apiserver',
}

/** A quota's writes, one after the other. */
interface Turn {
  /** Kinds whose numbers the write that has not begun yet is to tell. */
  readonly kinds: Set<ResourceDescriptor>
  waiting: Promise<void> | undefined
  running: Promise<void>
}

export class QuotaStatuses {
  readonly #quotas: Quotas
  readonly #turns = new Map<string, Turn>()
  #server: ServerWriter | undefined

  constructor(quotas: Quotas) {
    this.#quotas = quotas
  }

  attach(server: ServerWriter): void {
    this.#server = server
  }

  /** @returns once the status shows what of this kind is stored by now */
  tell(quota: ObjectName, kind: ResourceDescriptor): Promise<void> {
    const key = `${quota.namespace}/${quota.name}`
    const turn = this.#turns.get(key) ?? { kinds: new Set(), waiting: undefined, running: Promise.resolve() }
    this.#turns.set(key, turn)
    turn.kinds.add(kind)
    turn.waiting ??= this.#next(quota, key, turn)
    return turn.waiting
  }

  async #next(quota: ObjectName, key: string, turn: Turn): Promise<void> {
    await turn.running.catch(() => undefined)
    const kinds = [...turn.kinds]
    turn.kinds.clear()
    turn.waiting = undefined
    turn.running = this.#write(quota, kinds)
    try {
      await turn.running
    } finally {
      if (!turn.waiting) this.#turns.delete(key)
    }
  }

  async #write(name: ObjectName, kinds: readonly ResourceDescriptor[]): Promise<void> {
    const resource = this.#server?.resources.byUrl('', ResourceQuota.version, ResourceQuota.plural)
    if (!this.#server || !resource) return
    const change = async (current: AnyObject): Promise<AnyObject | undefined> => {
      const { status } = current as unknown as ResourceQuota
      const next = await this.#statusOf(name, kinds, status)
      return next && { ...current, metadata: { ...current.metadata }, status: next }
    }
    try {
      await this.#server.amend(resource, name, change, BY)
    } catch (error) {
      // Nothing is left to tell it to.
      if (!isNotFound(error)) throw error
    }
  }

  /** @returns undefined when it says so already */
  async #statusOf(
    { namespace, name }: ObjectName,
    kinds: readonly ResourceDescriptor[],
    status: ResourceQuota['status'] | undefined,
  ): Promise<ResourceQuota['status'] | undefined> {
    const find = () => this.#quotas.of(namespace).find(quota => quota.name === name)
    for (let quota = find(); quota; quota = find()) {
      const { spec } = quota
      const counts = kinds.map(kind => quota.ledgersOf(kind))
      await Promise.all(counts.map(({ ready }) => ready))
      // Quotas that changed meanwhile have other ledgers.
      if (find() !== quota || counts.some(({ lost }) => lost)) continue
      const used = { ...status?.used }
      let changed = false
      for (const ledgers of counts) {
        const stored = ledgers.stored()
        for (const resource of ledgers.names) {
          const amount = stored.get(resource) ?? zero
          const told = used[resource]
          if (told !== undefined && parseQuantity(told).compare(amount) === 0) continue
          used[resource] = amount.toString()
          changed = true
        }
      }
      return changed ? { ...status, hard: spec.hard ?? {}, used } : undefined
    }
    return undefined
  }
}
