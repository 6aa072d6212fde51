// The sudo password of one host, asked when sudo asks, kept in memory as long as the operation needs it.
import { say } from '../say.ts'
import { type Hop, type Prompter, hopName, question } from './contract.ts'

const asks = ({ host, user }: Hop) => say('sudo on {host} asks for the password of {user}', { host, user })

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
      ...question(this.#wrong ? say('That password was wrong.').and(asks(hop)) : asks(hop)),
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
