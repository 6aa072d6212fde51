// Who waits for the watch: for a revision to be reached, or for a transaction to be recognised by its token.
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { StoreError } from '../contract.ts'

interface Waiter {
  readonly revision: number
  readonly settle: (arrived: boolean) => void
  readonly fail: (error: StoreError) => void
}

export interface TokenWait extends Disposable {
  /** @returns the transaction's revision; undefined when it was not seen in time */
  within(timeoutMs: number): Promise<number | undefined>
}

export class RevisionWaiters {
  readonly #clock: Clock
  readonly #waiters = new Set<Waiter>()
  readonly #tokens = new Map<string, (revision: number) => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @returns whether it was reached in time */
  until(revision: number, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const end = () => {
        cancel()
        this.#waiters.delete(waiter)
      }
      const waiter: Waiter = {
        revision,
        settle: arrived => {
          end()
          resolve(arrived)
        },
        fail: error => {
          end()
          reject(error)
        },
      }
      const cancel = this.#clock.after(timeoutMs, () => waiter.settle(false))
      this.#waiters.add(waiter)
    })
  }

  /** Remembers a transaction's revision from now on, until it is disposed of. */
  token(token: string): TokenWait {
    let seen: number | undefined
    let wake: () => void = () => undefined
    this.#tokens.set(token, revision => {
      seen = revision
      wake()
    })
    return {
      within: async timeoutMs => {
        if (seen === undefined)
          await new Promise<void>(resolve => {
            const cancel = this.#clock.after(timeoutMs, resolve)
            wake = () => {
              cancel()
              resolve()
            }
          })
        return seen
      },
      [Symbol.dispose]: () => void this.#tokens.delete(token),
    }
  }

  /** Everything up to `revision` has been delivered; `token` marked its transaction. */
  reached(revision: number, token: string | undefined): void {
    if (token !== undefined) this.#tokens.get(token)?.(revision)
    for (const waiter of this.#waiters) if (waiter.revision <= revision) waiter.settle(true)
  }

  endAll(error: StoreError): void {
    for (const waiter of this.#waiters) waiter.fail(error)
  }
}
