// Runs the admission plugins: every mutation first, in order, once more when one asks for it, then every check.
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { type Log, silentLog } from '../../../../shared/machinery/log.ts'
import type { AdmissionStep, AdmissionTimes } from '../../admission/admission-times.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../../admission/contract.ts'

export interface AdmissionChain {
  mutate(request: AdmissionRequest): Promise<void>
  validate(request: AdmissionRequest): Promise<void>
  /** Has done what is to be true when the write is answered. @param now undefined: the object is gone */
  written(request: AdmissionRequest, now: AnyObject | undefined): Promise<void>
  /** Tells that the write is over, however it ended. */
  settle(request: AdmissionRequest): void
}

/** Most plugins have nothing to do with most requests and say so at once: only promises are waited for. */
const pending = (result: unknown): result is Promise<unknown> => result instanceof Promise

export function admissionChain(
  plugins: readonly AdmissionPlugin[],
  log: Log = silentLog,
  times?: AdmissionTimes,
): AdmissionChain {
  const mutating = plugins.filter(plugin => plugin.mutate)
  const validating = plugins.filter(plugin => plugin.validate)
  const following = plugins.filter(plugin => plugin.written)
  const settling = plugins.filter(plugin => plugin.settle)

  /** @returns whether one of them wants all to be asked once more */
  async function inTurn(
    step: AdmissionStep,
    asked: readonly AdmissionPlugin[],
    request: AdmissionRequest,
    ask: (plugin: AdmissionPlugin) => unknown,
  ): Promise<boolean> {
    const timing = times?.begin(step, request)
    let again = false
    // Counted, as all of them pass here at every write: an iterator makes something anew for each.
    for (let i = 0, plugin = asked[0]; plugin; plugin = asked[++i])
      try {
        const made = ask(plugin)
        again = (pending(made) ? await made : made) === 'again' || again
        timing?.done(plugin.name)
      } catch (error) {
        timing?.refused(plugin.name)
        throw error
      }
    timing?.over()
    return again
  }

  return {
    async mutate(request) {
      const ask = (plugin: AdmissionPlugin) => plugin.mutate?.(request)
      if (await inTurn('admit', mutating, request, ask)) await inTurn('admit', mutating, request, ask)
    },
    async validate(request) {
      await inTurn('validate', validating, request, plugin => plugin.validate?.(request))
    },
    async written(request, now) {
      if (request.dryRun) return
      for (const plugin of following)
        try {
          const done = plugin.written?.(request, now)
          if (pending(done)) await done
        } catch (error) {
          log.warn({ err: error, plugin: plugin.name }, 'what goes with a write could not be written')
        }
    },
    settle(request) {
      for (const plugin of settling) plugin.settle?.(request)
    },
  }
}
