// The shape every API object shares, before and after the server has seen it.
import type { ObjectMeta } from '../api/meta/v1.ts'

/** Metadata of an object that the server returned. */
export interface LiveMeta extends ObjectMeta {
  name: string
  uid: string
  resourceVersion: string
  /** RFC 3339, seconds. */
  creationTimestamp: string
}

/** Metadata of a namespaced object that the server returned. */
export interface NamespacedMeta extends LiveMeta {
  namespace: string
}

/** Any API object that the server returned. */
export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: LiveMeta
}

/** Any API object, its other fields unknown. */
export type AnyObject = KubeObject & Record<string, unknown>

/** An object as a client sends it to be created: the server fills in type, uid, defaults and status. */
export type Draft<T extends KubeObject> = Omit<T, 'apiVersion' | 'kind' | 'metadata' | 'status'> &
  Partial<Pick<T, Extract<'apiVersion' | 'kind' | 'status', keyof T>>> & { metadata: ObjectMeta }
