// Owner references: who controls an object, and the reference that says so.
import type { ObjectMeta, OwnerReference } from '../api/meta/v1.ts'
import type { KubeObject } from './object.ts'
import { apiVersionOf, type ResourceType } from './resource-type.ts'

type Owned = { readonly metadata?: Pick<ObjectMeta, 'ownerReferences'> }

/** @returns the reference whose `controller` is true. */
export const controllerOf = (object: Owned): OwnerReference | undefined =>
  object.metadata?.ownerReferences?.find(ref => ref.controller === true)

export const isControlledBy = (object: Owned, owner: { readonly metadata: { readonly uid: string } }): boolean =>
  controllerOf(object)?.uid === owner.metadata.uid

/** A reference that makes `owner` the controller and blocks its foreground deletion. */
export const controllerRef = <T extends KubeObject>(type: ResourceType<T>, owner: T): OwnerReference => ({
  ...ownerRef(type, owner),
  controller: true,
  blockOwnerDeletion: true,
})

/** A plain reference: the object goes when all its owners are gone. */
export const ownerRef = <T extends KubeObject>(type: ResourceType<T>, owner: T): OwnerReference => ({
  apiVersion: apiVersionOf(type),
  kind: type.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
})
