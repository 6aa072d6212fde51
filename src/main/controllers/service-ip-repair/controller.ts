// service-ip-repair: one IPAddress object for every address that a Service has. The Services are the truth; these objects
// show it, and hold a ServiceCIDR that is deleted. The API server makes and removes them with the Services; here is put
// right what it could not, and what others did.
import { Service } from '../../../shared/api/core/v1.ts'
import { IPAddress } from '../../../shared/api/networking/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import type { Index } from '../../../shared/client/lister.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  type Watch,
  done,
} from '../../../shared/client/reconciler.ts'
import type { KubeObject } from '../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'
import {
  addressesOf,
  addressObject,
  ownerOfAddress,
  showsService,
} from '../../../shared/machinery/service-addresses.ts'
import { isAlreadyExists, isNotFound } from '../../../shared/machinery/status.ts'

const byService: Index<IPAddress> = {
  name: 'addressesByService',
  values: address => {
    const { namespace, name } = ownerOfAddress(address)
    return showsService(address) ? [`${namespace}/${name}`] : []
  },
}

/** By then the API server has made what a write entails. */
const REPAIR_AFTER_MS = 1_000

function later<T extends KubeObject>(type: ResourceType<T>, ref: (object: T) => ObjectRef | undefined): Watch {
  const handler = (context: ControllerContext) => {
    const queue = (object: KubeObject) => {
      const found = ref(object as T)
      if (found) context.enqueue(found, REPAIR_AFTER_MS)
    }
    return { added: queue, updated: queue, deleted: queue }
  }
  return { type, handler }
}

export class ServiceIpRepair implements Reconciler<Service> {
  readonly name = 'service-ip-repair'
  readonly identity = 'service-ip-repair'
  readonly type = Service
  readonly watches = [
    later(Service, ({ metadata }) => metadata),
    later(IPAddress, object => (showsService(object) ? ownerOfAddress(object) : undefined)),
  ]

  async reconcile(service: Service, context: ControllerContext): Promise<Result> {
    await this.#settle(service.metadata, addressesOf(service), context)
    return done
  }

  async gone(ref: ObjectRef, context: ControllerContext): Promise<undefined> {
    await this.#settle(ref, [], context)
  }

  async #settle(
    { namespace = '', name }: ObjectRef,
    wanted: readonly string[],
    { client, lister, signal }: ControllerContext,
  ): Promise<void> {
    const known = lister(IPAddress)
      .by(byService, `${namespace}/${name}`)
      .map(({ metadata }) => metadata.name)
    for (const address of known)
      if (!wanted.includes(address))
        await client.delete(IPAddress, { name: address }, { signal }).catch((error: unknown) => {
          if (!isNotFound(error)) throw error
        })
    for (const address of wanted) {
      if (known.includes(address)) continue
      try {
        await client.create(IPAddress, addressObject(address, { namespace, name }), { signal })
      } catch (error) {
        // Still that of the Service which had the address before: its removal comes back here.
        if (!isAlreadyExists(error)) throw error
        const stored = await client.get(IPAddress, { name: address }, { signal })
        if (
          showsService(stored) &&
          stored.spec.parentRef.name === name &&
          stored.spec.parentRef.namespace === namespace
        )
          continue
        throw error
      }
    }
  }
}
