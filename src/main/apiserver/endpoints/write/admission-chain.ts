// Runs the admission plugins: every mutation first, in order, once more when one asks for it, then every check.
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { type Log, silentLog } from '../../../../shared/machinery/log.ts'
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

export function admissionChain(plugins: readonly AdmissionPlugin[], log: Log = silentLog): AdmissionChain {
  const mutating = plugins.filter(plugin => plugin.mutate)
  const validating = plugins.filter(plugin => plugin.validate)
  const following = plugins.filter(plugin => plugin.written)
  const settling = plugins.filter(plugin => plugin.settle)
  return {
    async mutate(request) {
      let again = false
      for (const plugin of mutating) {
        const made = plugin.mutate?.(request)
        again = (pending(made) ? await made : made) === 'again' || again
      }
      if (!again) return
      for (const plugin of mutating) await plugin.mutate?.(request)
    },
    async validate(request) {
      for (const plugin of validating) {
        const checked = plugin.validate?.(request)
        if (pending(checked)) await checked
      }
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
