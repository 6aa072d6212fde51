// Plans and applies the steps of an action, telling how far it is.
import type { HostOperationStep } from '../../../shared/api/flotilla/v1.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import type { Said } from '../say.ts'
import type { ContextWithoutProgress, Progress, Step } from '../steps/contract.ts'
import type { StatusWriter } from './status-writer.ts'

const MOST_OUTPUT = 2_000
const ENDED_WELL: ReadonlySet<string> = new Set(['Succeeded', 'Undone'])

/**
 * @returns the steps that have something to do, with what it is; written to the status, where what an earlier try of the
 *   same operation did is still to be seen
 */
export async function planSteps(
  steps: readonly Step[],
  context: ContextWithoutProgress,
  writer: StatusWriter,
): Promise<Step[]> {
  const planned: { step: Step; changes: Said[] }[] = []
  for (const step of steps) planned.push({ step, changes: await step.plan(context) })
  const doing = planned.filter(({ changes }) => changes.length > 0)
  const { plan: planBefore = [], steps: stepsBefore = [] } = writer.status
  const done = stepsBefore.filter(({ state }) => ENDED_WELL.has(state))
  const isDone = (name: string) => done.some(step => step.name === name)
  await writer.set({
    plan: [
      ...planBefore.filter(({ step }) => isDone(step) && !doing.some(other => other.step.name === step)),
      ...doing.map(({ step, changes }) => ({
        step: step.name,
        changes: changes.map(String),
        said: changes.flatMap(({ texts }) => texts),
      })),
    ],
    steps: [
      ...done.filter(({ name }) => !planned.some(({ step }) => step.name === name)),
      ...planned.map(({ step: { name }, changes }): HostOperationStep =>
        changes.length > 0
          ? { name, state: 'Pending' }
          : (done.find(step => step.name === name) ?? { name, state: 'Skipped' }),
      ),
    ],
  })
  return doing.map(({ step }) => step)
}

/**
 * @param endState of a step that did what it is for
 * @throws what the step that failed threw; its state says so, too
 */
export async function applySteps(
  steps: readonly Step[],
  context: ContextWithoutProgress,
  writer: StatusWriter,
  endState: 'Succeeded' | 'Undone',
): Promise<void> {
  const { clock, signal } = context
  const now = () => formatTime(clock.now())
  for (const step of steps) {
    signal.throwIfAborted()
    const entry = writer.status.steps?.find(({ name }) => name === step.name)
    if (!entry) continue
    Object.assign(entry, { state: 'Running', startTime: now() })
    await writer.set({})
    try {
      await step.apply({ ...context, progress: progressOf(entry, writer) })
      Object.assign(entry, { state: endState, completionTime: now() })
      if (entry.percent !== undefined) entry.percent = 100
    } catch (error) {
      Object.assign(entry, { state: 'Failed', completionTime: now() })
      throw error
    } finally {
      await writer.set({})
    }
  }
}

function progressOf(entry: HostOperationStep, writer: StatusWriter): Progress {
  return {
    output(text) {
      // Lines that a program writes over are shown as they were last.
      const lines = printable(`${entry.output ?? ''}${text}`.replace(/[^\n]*\r(?!\n)/g, ''))
      entry.output = lines.slice(-MOST_OUTPUT)
      writer.soon()
    },
    percent(percent) {
      if (entry.percent === percent) return
      entry.percent = percent
      writer.soon()
    },
    sent(bytes) {
      writer.status.bytesSent = (writer.status.bytesSent ?? 0) + bytes
    },
  }
}

/** Terminals of people who look at it must not obey a host. */
const printable = (text: string): string => text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '')
