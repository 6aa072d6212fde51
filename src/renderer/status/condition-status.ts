// A condition as a status: most are good when true, some name a problem, and some of these are only something to know.
import { type StatusView, view } from './tone.ts'

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

/** Something to know, but no failure of what is there now. */
const isMild = (type: string) => /Limited$|^RolledBack$|^Relayed$/.test(type)
/** Conditions that name a problem: true is bad. */
const isProblem = (type: string) =>
  isMild(type) || /Pressure$|Failure|Unavailable|Failed|DisruptionTarget|Stalled/.test(type)

export function conditionStatus({ type, status }: Condition): StatusView {
  if (status === 'Unknown') return view('unknown', type)
  if ((status === 'True') !== isProblem(type)) return view('healthy', type)
  return view(isProblem(type) && !isMild(type) ? 'failed' : 'warning', type)
}
