// Somebody who answers what the SSH client asks, and the host keys that they have accepted.
import type { HostKeyPins, Prompt, Prompter } from '../../../src/main/provisioning/ssh/contract.ts'

export class Person implements Prompter, HostKeyPins {
  readonly asked: Prompt[] = []
  readonly pins = new Map<string, string>()
  readonly #answers: Partial<Record<Prompt['kind'], string | ((prompt: Prompt, times: number) => string)>>

  /** @param answers by kind; what is not there is refused */
  constructor(answers: Partial<Record<Prompt['kind'], string | ((prompt: Prompt, times: number) => string)>> = {}) {
    this.#answers = { HostKey: 'yes', ...answers }
  }

  ask(prompt: Prompt): Promise<string> {
    this.asked.push(prompt)
    const answer = this.#answers[prompt.kind]
    if (answer === undefined) return Promise.reject(new Error(`nobody answers: ${prompt.text}`))
    return Promise.resolve(typeof answer === 'string' ? answer : answer(prompt, this.times(prompt.kind)))
  }
  times(kind: Prompt['kind']): number {
    return this.asked.filter(prompt => prompt.kind === kind).length
  }
  get(endpoint: string): string | undefined {
    return this.pins.get(endpoint)
  }
  pin(endpoint: string, fingerprint: string): Promise<void> {
    this.pins.set(endpoint, fingerprint)
    return Promise.resolve()
  }
}
