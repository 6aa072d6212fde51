// The sudo password of one host, asked when sudo asks, kept in memory as long as the operation needs it.
import { type Hop, type Prompter, hopName } from './contract.ts'

export class Sudo implements Disposable {
  readonly #prompter: Prompter
  #password: string | undefined
  #wrong = false

  constructor(prompter: Prompter) {
    this.#prompter = prompter
  }

  async password(hop: Hop): Promise<string> {
    this.#password ??= await this.#prompter.ask({
      kind: 'SudoPassword',
      about: hopName(hop),
      text: `${this.#wrong ? 'That password was wrong. ' : ''}sudo on ${hop.host} asks for the password of ${hop.user}`,
      echo: false,
    })
    return this.#password
  }

  /** It was wrong: ask again. */
  forget(): void {
    this.#password = undefined
    this.#wrong = true
  }

  [Symbol.dispose](): void {
    this.#password = undefined
  }
}
