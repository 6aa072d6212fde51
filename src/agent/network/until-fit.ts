// Before anything is changed on a host: what keeps it from carrying the pod network is told until it is mended.
import { type Clock, delay } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { PreflightProblem } from './contract.ts'

export interface UntilFitOptions {
  readonly check: () => Promise<readonly PreflightProblem[]>
  /** Gets what keeps the host from being a node, whenever that changes; nothing once it is fit. */
  readonly tell: (messages: readonly string[]) => void
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

const LOOK_MS = 10_000

/** @throws the signal's reason when it aborts first */
export async function untilFit({ check, tell, clock, log, signal }: UntilFitOptions): Promise<void> {
  let before = ''
  for (;;) {
    const problems = await check()
    const now = JSON.stringify(problems)
    if (now !== before) for (const { id, message, fatal } of problems) log.warn({ problem: id, fatal }, message)
    const fatal = problems.filter(problem => problem.fatal).map(({ message }) => message)
    if (now !== before || fatal.length === 0) tell(fatal)
    if (fatal.length === 0) return
    before = now
    await delay(clock, LOOK_MS, signal)
  }
}
