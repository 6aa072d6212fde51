// Remembers what was answered while a connection is being made, so that nobody is asked twice when it has to be made
// again.
import type { Prompt, Prompter } from './contract.ts'

export class PatientPrompter implements Prompter {
  readonly #prompter: Prompter
  readonly #answers = new Map<string, Promise<string>>()

  constructor(prompter: Prompter) {
    this.#prompter = prompter
  }

  get wasAsked(): boolean {
    return this.#answers.size > 0
  }

  /** A question that says that the answer before was wrong is another question. */
  ask(prompt: Prompt): Promise<string> {
    const key = JSON.stringify([prompt.kind, prompt.about, prompt.text])
    let answer = this.#answers.get(key)
    if (!answer) {
      answer = this.#prompter.ask(prompt)
      answer.catch(() => undefined) // told to whoever asked
      this.#answers.set(key, answer)
    }
    return answer
  }

  /** Resolves when every question has its answer. @throws what kept one from being answered */
  async settled(): Promise<void> {
    await Promise.all(this.#answers.values())
  }
}
