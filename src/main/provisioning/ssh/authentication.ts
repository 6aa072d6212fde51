// How a person proves who they are to a hop: keys first, as they ask nothing; then what needs an answer. The order is
// ssh's: ssh-agent, key files, keyboard-interactive, password. What the server does not offer is not tried.
import { readFile } from 'node:fs/promises'
import ssh2, { type AnyAuthMethod, type AuthenticationType, type ParsedKey } from 'ssh2'
import { say } from '../say.ts'
import { type Hop, type Prompter, hopName, question } from './contract.ts'

export interface AuthenticationOptions {
  readonly prompter: Prompter
  /** Path of the ssh-agent's socket. */
  readonly agent?: string | undefined
  /** The cluster's own private key, tried before everything else. PEM or OpenSSH format. */
  readonly ownKey?: string | undefined
}

const PASSWORD_ATTEMPTS = 3

/** One attempt after the other; ssh2 asks for the next when one did not do. */
export class Authentication {
  readonly #attempts: AsyncGenerator<AnyAuthMethod>
  readonly #tried = new Set<string>()
  readonly #problems: string[] = []
  #offered: readonly string[] | null = null

  constructor(hop: Hop, options: AuthenticationOptions) {
    this.#attempts = this.#all(hop, options)
  }

  /** @returns the next attempt, or false when there is none. @throws what the prompter throws */
  async next(offered: readonly AuthenticationType[] | null): Promise<AnyAuthMethod | false> {
    this.#offered = offered ?? this.#offered
    const { value, done } = await this.#attempts.next()
    return done ? false : (value as AnyAuthMethod)
  }

  /** What was tried, for people: `2 keys, a password`; and what kept keys from being tried. */
  get summary(): string {
    const tried = this.#tried.size > 0 ? `tried: ${[...this.#tried].join(', ')}` : 'there was nothing to try'
    const offers = this.#offered ? `; the host accepts: ${this.#offered.join(', ')}` : ''
    return `${tried}${offers}${this.#problems.length > 0 ? `; ${this.#problems.join('; ')}` : ''}`
  }

  #accepts(method: string): boolean {
    return this.#offered === null || this.#offered.includes(method)
  }

  async *#all(hop: Hop, options: AuthenticationOptions): AsyncGenerator<AnyAuthMethod> {
    const { user: username } = hop
    yield { type: 'none', username } // the refusal lists what the server accepts
    yield* this.#keys(hop, options)
    for (let attempt = 0; attempt < PASSWORD_ATTEMPTS && this.#accepts('keyboard-interactive'); attempt++) {
      this.#tried.add('keyboard-interactive')
      yield keyboardInteractive(hop, options.prompter)
    }
    for (let attempt = 0; attempt < PASSWORD_ATTEMPTS && this.#accepts('password'); attempt++) {
      const asks = say('Password of {account}', { account: hopName(hop) })
      const said = attempt > 0 ? say('That password was wrong.').and(asks) : asks
      const password = await options.prompter.ask({
        kind: 'Password',
        about: hopName(hop),
        ...question(said),
        echo: false,
      })
      this.#tried.add('password')
      yield { type: 'password', username, password }
    }
  }

  async *#keys(hop: Hop, options: AuthenticationOptions): AsyncGenerator<AnyAuthMethod> {
    const { user: username } = hop
    if (!this.#accepts('publickey')) return
    if (options.ownKey !== undefined) {
      this.#tried.add("the cluster's own key")
      yield { type: 'publickey', username, key: options.ownKey }
    }
    if (options.agent !== undefined && !hop.identitiesOnly) {
      this.#tried.add('the keys of the ssh-agent')
      yield { type: 'agent', username, agent: options.agent }
    }
    const locked: { path: string; text: Buffer }[] = []
    for (const path of hop.identityFiles) {
      const text = await readFile(path).catch(() => undefined)
      if (text === undefined) continue
      const key = parseKey(text)
      if (key instanceof Error) {
        if (/encrypted/i.test(key.message)) locked.push({ path, text })
        else this.#problems.push(`${path} is no private key that can be used (${key.message})`)
        continue
      }
      this.#tried.add(path)
      yield { type: 'publickey', username, key }
    }
    for (const { path, text } of locked) {
      if (!this.#accepts('publickey')) return
      const key = await unlock(path, text, options.prompter)
      if (key instanceof Error) {
        this.#problems.push(`${path} could not be unlocked`)
        continue
      }
      this.#tried.add(path)
      yield { type: 'publickey', username, key }
    }
  }
}

function parseKey(text: Buffer, passphrase?: string): ParsedKey | Error {
  const parsed = ssh2.utils.parseKey(text, passphrase)
  const key = Array.isArray(parsed) ? (parsed as ParsedKey[])[0] : parsed
  if (key === undefined) return new Error('it is empty')
  if (key instanceof Error) return key
  return key.isPrivateKey() ? key : new Error('it is a public key')
}

async function unlock(path: string, text: Buffer, prompter: Prompter): Promise<ParsedKey | Error> {
  let key: ParsedKey | Error = new Error('no passphrase')
  for (let attempt = 0; attempt < PASSWORD_ATTEMPTS; attempt++) {
    const asks = say('Passphrase of {path}; empty to go without this key', { path })
    const passphrase = await prompter.ask({
      kind: 'Passphrase',
      about: path,
      ...question(attempt > 0 ? say('That passphrase was wrong.').and(asks) : asks),
      echo: false,
    })
    if (passphrase === '') return key
    key = parseKey(text, passphrase)
    if (!(key instanceof Error)) return key
  }
  return key
}

/** The host's own questions, one after the other: a password, a one-time code. */
function keyboardInteractive(hop: Hop, prompter: Prompter): AnyAuthMethod {
  return {
    type: 'keyboard-interactive',
    username: hop.user,
    prompt(name, instructions, _language, prompts, finish) {
      const answer = async () => {
        const answers: string[] = []
        for (const { prompt, echo = false } of prompts) {
          const text = [name, instructions, `${hopName(hop)} asks: ${prompt.trim()}`].filter(Boolean).join('\n')
          answers.push(await prompter.ask({ kind: 'KeyboardInteractive', about: hopName(hop), text, echo }))
        }
        return answers
      }
      // Nobody answers: empty answers end the attempt, and the server says no.
      answer().then(finish, () => finish(prompts.map(() => '')))
    },
  }
}
