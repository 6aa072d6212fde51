// A checked expression as a program: run in one go, or in turns with others.
import type { Checked } from './check.ts'
import { CelError, CostError } from './errors.ts'
import { Compiler, type Run, type Step, type Variables } from './evaluate.ts'
import { Pacer } from '../pieces/pacer.ts'
import { Paused, Turns } from './turns.ts'
import type { Value } from './values.ts'

/** What an expression may cost before others get their turn in between: two or three milliseconds. */
const AT_ONCE = 30_000

export interface Outcome {
  readonly cost: number
  /** Undefined when the expression failed. */
  readonly value?: Value
  readonly error?: CelError | CostError
}

interface TurnOptions {
  /** What it may cost before others get their turn. */
  readonly atOnce?: number
  readonly pacer?: Pick<Pacer, 'due' | 'pause'>
}

export interface Program {
  /** In one go, however long it takes. */
  run(variables: Variables, limit: number): Outcome
  /** @returns undefined for what others should not wait for */
  runShortly(variables: Variables, limit: number, atOnce?: number): Outcome | undefined
  /**
   * Others get their turn in between when it takes long.
   * @param variables the same whenever they are asked for
   */
  runInTurns(variables: Variables, limit: number, options?: TurnOptions): Outcome | Promise<Outcome>
}

/** @returns undefined where it was stopped to let others have their turn */
function evaluate(step: Step, run: Run): Outcome | undefined {
  try {
    const value = step(run)
    return { cost: run.cost, value }
  } catch (error) {
    if (error instanceof CelError || error instanceof CostError) return { cost: run.cost, error }
    if (error instanceof Paused) return undefined
    throw error
  }
}

export function compileProgram(checked: Checked): Program {
  const step = new Compiler(checked).step(checked.expr)
  const begin = (variables: Variables, limit: number) => ({ cost: 0, limit, variables, slots: [] })
  const runShortly = (variables: Variables, limit: number, atOnce = AT_ONCE) => {
    const outcome = evaluate(step, { ...begin(variables, Math.min(limit, atOnce)), isShort: true })
    return outcome?.error instanceof CostError && limit > atOnce ? undefined : outcome
  }
  const finish = async (variables: Variables, limit: number, turns: Turns): Promise<Outcome> => {
    for (;;) {
      await turns.pause()
      const outcome = evaluate(step, { ...begin(variables, limit), turns })
      if (outcome) return outcome
    }
  }
  return {
    run: (variables, limit) => evaluate(step, begin(variables, limit)) as Outcome,
    runShortly,
    runInTurns: (variables, limit, { atOnce, pacer } = {}) =>
      runShortly(variables, limit, atOnce) ?? finish(variables, limit, new Turns(pacer ?? new Pacer())),
  }
}
