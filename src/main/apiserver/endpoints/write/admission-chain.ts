// Runs the admission plugins: every mutation first, in order, once more when one asks for it, then every check.
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { type Log, silentLog } from '../../../../shared/machinery/log.ts'
import type { AdmissionStep, AdmissionTimes } from '../../admission/admission-times.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../../admission/contract.ts'
import { isType } from '../../admission/is-type.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'

/** Where no plugin has anything to wait for, there is no promise to wait for either. */
export interface AdmissionChain {
  mutate(request: AdmissionRequest): Promise<void> | undefined
  validate(request: AdmissionRequest): Promise<void> | undefined
  /** Has done what is to be true when the write is answered. @param now undefined: the object is gone */
  written(request: AdmissionRequest, now: AnyObject | undefined): Promise<void> | undefined
  /** Tells that the write is over, however it ended. */
  settle(request: AdmissionRequest): void
}

/** Of one kind, by what they are asked to do. */
interface Asked {
  readonly admit: readonly AdmissionPlugin[]
  readonly validate: readonly AdmissionPlugin[]
  readonly written: readonly AdmissionPlugin[]
  readonly settle: readonly AdmissionPlugin[]
}

function askedAbout(resource: ResourceDescriptor, plugins: readonly AdmissionPlugin[]): Asked {
  const concerned = plugins.filter(({ kinds }) => !kinds || kinds.some(kind => isType({ resource }, kind)))
  return {
    admit: concerned.filter(plugin => plugin.mutate),
    validate: concerned.filter(plugin => plugin.validate),
    written: concerned.filter(plugin => plugin.written),
    settle: concerned.filter(plugin => plugin.settle),
  }
}

/** Most plugins have nothing to do with most requests and say so at once: only promises are waited for. */
const pending = (result: unknown): result is Promise<unknown> => result instanceof Promise

/** The plugins of a step in turn. */
class Turns {
  readonly #step: AdmissionStep
  readonly #plugins: readonly AdmissionPlugin[]
  readonly #request: AdmissionRequest
  readonly #timing: ReturnType<AdmissionTimes['begin']> | undefined
  #next = 0
  #again = false

  constructor(
    step: AdmissionStep,
    plugins: readonly AdmissionPlugin[],
    request: AdmissionRequest,
    times: AdmissionTimes | undefined,
  ) {
    this.#step = step
    this.#plugins = plugins
    this.#request = request
    this.#timing = times?.begin(step, request)
  }

  /** @returns (a promise of) whether one of them wants all to be asked once more */
  run(): boolean | Promise<boolean> {
    for (let plugin = this.#plugins[this.#next++]; plugin; plugin = this.#plugins[this.#next++]) {
      const asked = this.#ask(plugin)
      if (pending(asked)) return this.#waitFor(plugin, asked)
      this.#passed(plugin, asked)
    }
    this.#timing?.over()
    return this.#again
  }

  #ask(plugin: AdmissionPlugin): unknown {
    try {
      return this.#step === 'admit' ? plugin.mutate?.(this.#request) : plugin.validate?.(this.#request)
    } catch (error) {
      this.#timing?.refused(plugin.name)
      throw error
    }
  }

  async #waitFor(plugin: AdmissionPlugin, asked: Promise<unknown>): Promise<boolean> {
    try {
      this.#passed(plugin, await asked)
    } catch (error) {
      this.#timing?.refused(plugin.name)
      throw error
    }
    return this.run()
  }

  #passed(plugin: AdmissionPlugin, result: unknown): void {
    if (result === 'again') this.#again = true
    this.#timing?.done(plugin.name)
  }
}

export function admissionChain(
  plugins: readonly AdmissionPlugin[],
  log: Log = silentLog,
  times?: AdmissionTimes,
): AdmissionChain {
  const known = new WeakMap<ResourceDescriptor, Asked>()

  function askedFor({ resource }: AdmissionRequest): Asked {
    let asked = known.get(resource)
    if (!asked) known.set(resource, (asked = askedAbout(resource, plugins)))
    return asked
  }

  const inTurn = (step: AdmissionStep, request: AdmissionRequest) =>
    new Turns(step, askedFor(request)[step], request, times).run()

  async function mutateAgain(request: AdmissionRequest, first: boolean | Promise<boolean>): Promise<void> {
    if (await first) await inTurn('admit', request)
  }

  return {
    mutate(request) {
      const again = inTurn('admit', request)
      return again ? mutateAgain(request, again) : undefined
    },
    validate(request) {
      const checked = inTurn('validate', request)
      return pending(checked) ? checked.then(() => undefined) : undefined
    },
    written(request, now) {
      if (request.dryRun) return undefined
      const failed = ({ name }: AdmissionPlugin, error: unknown) =>
        log.warn({ err: error, plugin: name }, 'what goes with a write could not be written')
      const waiting: Promise<void>[] = []
      for (const plugin of askedFor(request).written)
        try {
          const done = plugin.written?.(request, now)
          if (pending(done)) waiting.push(done.catch((error: unknown) => failed(plugin, error)))
        } catch (error) {
          failed(plugin, error)
        }
      return waiting.length > 0 ? Promise.all(waiting).then(() => undefined) : undefined
    },
    settle(request) {
      for (const plugin of askedFor(request).settle) plugin.settle?.(request)
    },
  }
}
