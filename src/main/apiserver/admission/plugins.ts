// The admission plugins, in upstream's order.
import type { ObjectStore } from '../../store/contract.ts'
import { serviceAllocator } from '../registry/core/service/allocator.ts'
import type { AdmissionPlugin } from './contract.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { serviceAccount } from './service-account.ts'

export interface AdmissionOptions {
  readonly store: ObjectStore
  /** IPv4 CIDR of the Services' addresses. */
  readonly serviceCIDR: string
}

export interface Admission extends Disposable {
  readonly plugins: readonly AdmissionPlugin[]
}

/** Follows the store; dispose it before the store. */
export function createAdmission({ store, serviceCIDR }: AdmissionOptions): Admission {
  const allocator = serviceAllocator(store, { clusterIPRange: serviceCIDR })
  return {
    plugins: [namespaceLifecycle(store), serviceAccount(store), allocator],
    [Symbol.dispose]: () => allocator[Symbol.dispose](),
  }
}
