// A plan that changes something waits until somebody has looked at it.
import { deferred } from '../../../shared/machinery/deferred.ts'
import { messageOf, say } from '../say.ts'
import type { StatusWriter } from './status-writer.ts'

export class Approval {
  #isGiven = false
  readonly #given = deferred()

  give(): void {
    this.#isGiven = true
    this.#given.resolve()
  }

  /** @throws the signal's reason when it is called off */
  async wait(writer: StatusWriter, signal: AbortSignal): Promise<void> {
    if (this.#isGiven) return
    await writer.set({ phase: 'WaitingForApproval', ...messageOf(say('the plan waits to be approved')) })
    signal.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      void this.#given.promise.then(resolve)
    })
    await writer.set({ phase: 'Running', message: '' })
  }
}
