// What an object is related to, whatever tells of it.
import type { ObjectRef } from '../world/world.ts'

export interface Related {
  /** How it is related, as a heading: `Used by`. */
  readonly relation: string
  readonly ref: ObjectRef
  readonly note?: string
  /** It is referred to and does not exist. */
  readonly isMissing?: boolean
}
