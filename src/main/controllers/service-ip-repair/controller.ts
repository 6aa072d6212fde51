// service-ip-repair: keeps one IPAddress object for every address that a Service has. The Services are the truth; these
// objects show it, and hold a ServiceCIDR that is deleted.
import { Service } from '../../../shared/api/core/v1.ts'
import { IPAddress } from '../../../shared/api/networking/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import type { Index } from '../../../shared/client/lister.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import { canonicalIP, familyOf } from '../../../shared/machinery/ip-address.ts'
import { isAlreadyExists, isNotFound } from '../../../shared/machinery/status.ts'

const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by'
const FAMILY = 'ipaddress.kubernetes.io/ip-family'
const MANAGER = 'ipallocator.k8s.io'

const isOurs = ({ metadata }: IPAddress) => metadata.labels?.[MANAGED_BY] === MANAGER

const parentOf = ({ spec: { parentRef } }: IPAddress): ObjectRef => ({
  namespace: parentRef.namespace ?? '',
  name: parentRef.name,
})

const byService: Index<IPAddress> = {
  name: 'addressesByService',
  values: address => {
    const { namespace, name } = parentOf(address)
    return isOurs(address) ? [`${namespace}/${name}`] : []
  },
}

const addressesOf = ({ spec }: Service): string[] =>
  (spec.clusterIPs ?? []).filter(ip => ip !== '' && ip !== 'None').map(canonicalIP)

export class ServiceIpRepair implements Reconciler<Service> {
  readonly name = 'service-ip-repair'
  readonly identity = 'service-ip-repair'
  readonly type = Service
  readonly watches = [own(Service), mapped(IPAddress, ({ object }) => (isOurs(object) ? [parentOf(object)] : []))]

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
      const labels = { [MANAGED_BY]: MANAGER, [FAMILY]: familyOf(address) }
      const parentRef = { group: '', resource: 'services', namespace, name }
      try {
        await client.create(IPAddress, { metadata: { name: address, labels }, spec: { parentRef } }, { signal })
      } catch (error) {
        // Still that of the Service which had the address before: its removal comes back here.
        if (!isAlreadyExists(error)) throw error
        const stored = await client.get(IPAddress, { name: address }, { signal })
        if (isOurs(stored) && stored.spec.parentRef.name === name && stored.spec.parentRef.namespace === namespace)
          continue
        throw error
      }
    }
  }
}
