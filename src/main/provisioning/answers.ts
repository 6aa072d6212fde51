// Where answers of people meet the operations that wait for them: in memory only. See docs/adr/0021-answers-in-memory.md.
import { randomUUID } from 'node:crypto'

interface Waiting {
  readonly operation: string
  readonly resolve: (answer: string) => void
  readonly reject: (reason: unknown) => void
}

export class AnswerDesk implements Disposable {
  readonly #waiting = new Map<string, Waiting>()

  /** @returns the prompt's id and the answer to come; rejects with the signal's reason */
  expect(operation: string, signal: AbortSignal): { id: string; answer: Promise<string> } {
    const id = randomUUID()
    const answer = new Promise<string>((resolve, reject) => {
      const end = () => {
        this.#waiting.delete(id)
        signal.removeEventListener('abort', abort)
      }
      const abort = () => {
        end()
        reject(signal.reason as Error)
      }
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.set(id, {
        operation,
        resolve: text => {
          end()
          resolve(text)
        },
        reject: reason => {
          end()
          reject(reason as Error)
        },
      })
    })
    return { id, answer }
  }

  /** @returns false when no such prompt of this operation waits */
  take(operation: string, promptId: string, answer: string): boolean {
    const waiting = this.#waiting.get(promptId)
    if (waiting?.operation !== operation) return false
    waiting.resolve(answer)
    return true
  }

  [Symbol.dispose](): void {
    for (const waiting of [...this.#waiting.values()]) waiting.reject(new Error('the control plane stops'))
  }
}
