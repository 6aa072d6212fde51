// What any part of the server may ask it without changing anything, and what some write by themselves.
import type { AnyObject } from '../../../shared/machinery/object.ts'
import type { Stored } from '../../store/contract.ts'
import type { AuthorizationAttributes, AuthorizationDecision } from '../authz/contract.ts'
import type { ResourceIndex } from '../registry/resource-index.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { UserInfo } from '../request.ts'

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

/** Who writes what the server writes by itself, and which part of the object. */
export interface OwnWrite {
  readonly user: UserInfo
  readonly fieldManager: string
  readonly strategy?: 'status'
  readonly subresource?: 'status'
}

/** For what goes with the writes of others; as in `EndpointContext`. */
export interface ServerWriter extends ServerView {
  create(resource: ResourceDescriptor, namespace: string, object: AnyObject, by: OwnWrite): Promise<AnyObject>
  delete(
    resource: ResourceDescriptor,
    name: ObjectName,
    by: OwnWrite & { readonly preconditions: { readonly uid: string } },
  ): Promise<AnyObject>
  amend(
    resource: ResourceDescriptor,
    name: ObjectName,
    amended: (current: AnyObject) => AnyObject | undefined | Promise<AnyObject | undefined>,
    by: OwnWrite,
  ): Promise<AnyObject>
}
