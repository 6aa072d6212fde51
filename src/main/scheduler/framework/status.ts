// What a plugin answers. Results are values, not exceptions: "no node fits" is the normal case.

export type StatusCode =
  | 'Success'
  /** Not now; preempting pods on the node could help. */
  | 'Unschedulable'
  /** Not now, and preempting pods would not help. */
  | 'UnschedulableAndUnresolvable'
  /** Permit: wait for somebody. */
  | 'Wait'
  /** The plugin has nothing to do with this pod: leave its later steps out. */
  | 'Skip'
  | 'Error'

export interface Status {
  readonly code: StatusCode
  /** Shown to users, counted per reason over all nodes. */
  readonly reasons: readonly string[]
}

export const success: Status = { code: 'Success', reasons: [] }
export const skip: Status = { code: 'Skip', reasons: [] }
export const unschedulable = (...reasons: string[]): Status => ({ code: 'Unschedulable', reasons })
export const unresolvable = (...reasons: string[]): Status => ({ code: 'UnschedulableAndUnresolvable', reasons })
export const failed = (reason: string): Status => ({ code: 'Error', reasons: [reason] })

export const isSuccess = ({ code }: Status): boolean => code === 'Success'
