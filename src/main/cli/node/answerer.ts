// Answers what operations ask: from what the command line gave, else from whoever sits at the terminal.
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import type { HostOperationPrompt } from '../../../shared/api/flotilla/v1.ts'
import { shown } from '../terminal-text.ts'
import { CommandError, Interrupted } from '../../process/usage-error.ts'

export interface AnswerFlags {
  /** Fingerprints that may be accepted. */
  readonly hostKey?: readonly string[]
  /** Any new host key is accepted. */
  readonly acceptHostKeys?: boolean
  /** One line of standard input is the password of the accounts, for logging in and for sudo. */
  readonly passwordStdin?: boolean
  /** Standard input is for something else: no password comes over it. */
  readonly stdinIsTaken?: boolean
}

const PASSWORDS = new Set(['Password', 'KeyboardInteractive', 'SudoPassword', 'Passphrase'])

export class Answerer {
  readonly #flags: AnswerFlags
  #password: Promise<string> | undefined
  /** Passwords that were given for a question already: given again, they would be wrong again. */
  readonly #given = new Set<string>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(flags: AnswerFlags) {
    this.#flags = flags
  }

  /** @throws CommandError when nobody can answer */
  async answer(host: string, prompt: HostOperationPrompt): Promise<string> {
    const { hostKey = [], acceptHostKeys, passwordStdin, stdinIsTaken = false } = this.#flags
    if (prompt.kind === 'HostKey') {
      if (acceptHostKeys || hostKey.includes(prompt.fingerprint ?? '')) return 'yes'
      if (hostKey.length > 0) return 'no'
    } else if (passwordStdin && PASSWORDS.has(prompt.kind)) {
      const question = `${prompt.kind} ${prompt.about}`
      if (this.#given.has(question)) throw new CommandError(`${host}: the password given is wrong (${prompt.text})`)
      this.#given.add(question)
      return (this.#password ??= readLine(process.stdin))
    }
    const advice = adviceFor(prompt, stdinIsTaken)
    if (!process.stdin.isTTY)
      throw new CommandError(`${host} asks, and nobody can answer: ${ended(prompt.text)} ${advice}`)
    if (prompt.kind !== 'HostKey') return this.#ask(`${prompt.text}: `, prompt.echo ?? false, advice)
    return (await this.confirm(prompt.text, advice, prompt.fingerprint)) ? 'yes' : 'no'
  }

  /**
   * Asks until the answer is one.
   * @param advice what to do where nobody answers
   * @param other what is as good as yes
   * @throws CommandError when nobody answers
   */
  async confirm(question: string, advice: string, other?: string): Promise<boolean> {
    const hint = other === undefined ? 'Please type yes or no.' : 'Please type yes or no, or the fingerprint.'
    for (let again = ''; ; again = `${hint}\n`) {
      const answer = (await this.#ask(`${again}${question} (yes/no) `, true, advice)).trim()
      if (/^y(es)?$/i.test(answer) || (answer !== '' && answer === other)) return true
      if (/^no?$/i.test(answer) || /^SHA256:/.test(answer)) return false
    }
  }

  /** One question at a time, however many hosts ask. */
  #ask(question: string, echo: boolean, advice: string): Promise<string> {
    const turn = this.#turn.then(() => askTerminal(question, echo, advice))
    this.#turn = turn.catch(() => undefined)
    return turn
  }
}

/** As a sentence, before another one. */
const ended = (text: string): string => (/[.?!:]$/.test(text) ? text : `${text}.`)

/** What to do where nobody sits at a terminal. */
function adviceFor({ kind, fingerprint }: HostOperationPrompt, stdinIsTaken: boolean): string {
  if (kind !== 'HostKey') return `Repeat it at a terminal${stdinIsTaken ? '' : ', or with --password-stdin'}`
  return `Compare it, on the host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub; then repeat with --host-key ${fingerprint}`
}

function readLine(input: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input })
    lines.once('line', line => {
      resolve(line)
      lines.close()
    })
    lines.once('close', () => reject(new CommandError('standard input holds no password')))
  })
}

const ignore = () => undefined

function askTerminal(question: string, echo: boolean, advice: string): Promise<string> {
  // A terminal that was closed takes no more, and Node would end the program for that before anything is called off.
  process.stderr.off('error', ignore).on('error', ignore)
  process.stderr.write(shown(question))
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: echo ? process.stderr : silent, terminal: true })
  return new Promise((resolve, reject) => {
    let isAnswered = false
    lines.once('line', line => {
      isAnswered = true
      if (!echo) process.stderr.write('\n')
      resolve(line)
      lines.close()
    })
    lines.once('SIGINT', () => {
      reject(new Interrupted())
      lines.close()
    })
    lines.on('error', () => undefined) // a terminal that was closed cannot be set back: nobody answers, as below
    // Where there is no line: in a script, say.
    lines.once('close', () => {
      if (isAnswered) return
      process.stderr.write('\n') // what is said next has a line of its own
      reject(new CommandError(`nobody answers. ${advice}`))
    })
  })
}
