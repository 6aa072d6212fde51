// The IPAddress objects of Services: there when the write that gave an address is answered, gone when the one that gave
// it back is. The Services stay the truth; what a crash leaves behind is for the controller to repair.
import type { Service } from '../../../../../shared/api/core/v1.ts'
import { IPAddress } from '../../../../../shared/api/networking/v1.ts'
import type { AnyObject } from '../../../../../shared/machinery/object.ts'
import {
  type AddressOwner,
  addressesOf,
  addressObject,
  ownerOfAddress,
  showsService,
} from '../../../../../shared/machinery/service-addresses.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../../../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../../../store/contract.ts'
import { API_SERVER } from '../../../authn/own-user.ts'
import type { OwnWrite, ServerWriter } from '../../../endpoints/server-view.ts'

const PREFIX = '/registry/networking.k8s.io/ipaddresses/'
const BY: OwnWrite = { user: API_SERVER, fieldManager: 'kube-apiserver' }

const stored = (store: ObjectStore, address: string) =>
  store.get(PREFIX + address)?.object as unknown as IPAddress | undefined

/** Whether somebody has made an object for the address who is no Service: nobody is given it. */
export function isHeldByHand(store: ObjectStore, address: string): boolean {
  const object = stored(store, address)
  return object !== undefined && !showsService(object)
}

const list = (service: AnyObject | undefined) => (service ? addressesOf(service as unknown as Service) : [])

/** Makes and removes what a write changed. */
export async function followAddresses(
  server: ServerWriter,
  store: ObjectStore,
  owner: AddressOwner,
  before: AnyObject | undefined,
  now: AnyObject | undefined,
): Promise<void> {
  const resource = server.resources.byUrl(IPAddress.group, IPAddress.version, IPAddress.plural)
  if (!resource) return
  const [had, has] = [list(before), list(now)]
  const shown = (address: string) => {
    const object = stored(store, address)
    return object && showsService(object) ? object : undefined
  }
  const ofOwner = (address: string) => {
    const object = shown(address)
    const { namespace, name } = object ? ownerOfAddress(object) : { namespace: '', name: '' }
    return namespace === owner.namespace && name === owner.name ? object : undefined
  }
  const remove = ({ metadata: { name, uid } }: IPAddress) =>
    server.delete(resource, { namespace: '', name }, { ...BY, preconditions: { uid } }).catch((error: unknown) => {
      // Somebody else was faster, and may have it already.
      if (!isNotFound(error) && !isConflict(error)) throw error
    })
  const make = async (address: string) => {
    const left = shown(address)
    // By a Service that had it before.
    if (left && !ofOwner(address)) await remove(left)
    const object = addressObject(address, owner) as unknown as AnyObject
    await server.create(resource, '', object, BY).catch((error: unknown) => {
      if (!isAlreadyExists(error) || !ofOwner(address)) throw error
    })
  }
  await Promise.all([
    ...had.flatMap(address => (has.includes(address) ? [] : (ofOwner(address) ?? []))).map(remove),
    ...has.filter(address => !had.includes(address)).map(make),
  ])
}
