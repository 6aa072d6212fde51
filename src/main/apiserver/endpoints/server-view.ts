// What any part of the server may ask it without changing anything.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import type { Stored } from '../../store/contract.ts'
import type { AuthorizationAttributes, AuthorizationDecision } from '../authz/contract.ts'
import type { ResourceIndex } from '../registry/resource-index.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'

export interface ObjectName {
  /** '' for cluster-scoped kinds. */
  readonly namespace: string
  readonly name: string
}

export interface ServerView {
  readonly resources: ResourceIndex
  /** 0 ≤ x < 1 */
  readonly random: () => number
  /** @returns the stored object, in the descriptor's version. @throws ApiError 404 */
  get(resource: ResourceDescriptor, name: ObjectName): AnyObject
  /** @returns the stored record, or undefined when there is none. */
  find(resource: ResourceDescriptor, name: ObjectName): Stored | undefined
  /** Every object of a kind, of one namespace when given, in key order. */
  list(resource: ResourceDescriptor, namespace?: string): readonly AnyObject[]
  /** Asks the authorizers in order; nobody answering is a deny. */
  authorize(attributes: AuthorizationAttributes): AuthorizationDecision
}
