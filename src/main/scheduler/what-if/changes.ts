// What a question supposes, read and checked already.
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { WhatIfPod, WhatIfStatus } from '../../../shared/api/flotilla/scheduling-v1.ts'
import type { AnyObject, Draft, KubeObject } from '../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'

export interface Changes {
  readonly drain: readonly string[]
  readonly cordon: readonly string[]
  readonly uncordon: readonly string[]
  readonly scale: readonly Scaling[]
  readonly apply: readonly Applied[]
  /** Makes an object as the API server would, with defaults and admission, and stores nothing. @throws ApiError */
  admit<T extends KubeObject>(type: ResourceType<T>, draft: Draft<T>): Promise<T>
}

export interface Scaling {
  readonly workload: AnyObject
  readonly replicas: number
}

export interface Applied {
  /** As it would be stored. */
  readonly object: AnyObject
  /** As it was sent: with the status that nobody but us reads. */
  readonly given: AnyObject
  /** As it is now, if it is. */
  readonly old: AnyObject | undefined
}

/** A pod that wants a node in the supposed world. */
export interface Planned {
  readonly pod: Pod
  readonly told: Omit<WhatIfPod, 'to' | 'message' | 'preempts'>
}

export type Problem = NonNullable<WhatIfStatus['problems']>[number]

export const nameAndOwner = ({ metadata }: Pod): Pick<WhatIfPod, 'namespace' | 'name' | 'owner'> => {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller)
  const { namespace, name } = metadata
  return { namespace, name, ...(owner ? { owner: { kind: owner.kind, name: owner.name } } : {}) }
}
