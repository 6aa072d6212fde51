// From the kind named in an ownerReference or an event to the served kind, through discovery.
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { useClusterStore } from '../stores/cluster.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'

export interface Reference {
  readonly apiVersion?: string | undefined
  readonly kind?: string | undefined
}

/** @returns undefined when the server does not list that kind */
export function typeOfReference({ apiVersion = 'v1', kind }: Reference): ResourceType<AnyObject> | undefined {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
  return useClusterStore().kinds.find(({ type }) => type.kind === kind && type.group === group)?.type
}
