// Runs a script on a host without shell quoting: the script is a constant of ours, sent as base64 in the one command
// line that every login shell reads alike. What users give — names, files, passwords — goes over standard input only.
//
// A first line on stdout tells that the script runs. What was printed before it (by shells' start-up files) is dropped,
// and nothing of the input is sent before it: sudo, which asks first, can never take payload for a password. Then comes a
// word of ours, in one piece with the input: without it, as when the connection is cut there, the script does nothing, and
// takes no end of its input for all of it.
import { Readable } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { type Hop, SshError, hopName } from './contract.ts'
import type { Sudo } from './sudo.ts'

export interface RunOptions {
  /** Standard input of the script; it ends with it. */
  readonly input?: string | Buffer | Readable
  /** Run as root. */
  readonly sudo?: Sudo
  readonly signal?: AbortSignal
  /** Both output streams, as they come. */
  readonly onOutput?: (text: string) => void
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface Internal extends RunOptions {
  readonly hop: Hop
  readonly clock: Clock
  /** The script runs; the channel is the caller's from here on. */
  readonly onStarted?: (channel: ClientChannel) => void
}

const BEGIN = 'flotilla-begin'
const GO = 'flotilla-go'
/** From the log-in or the password to the first line, with whatever accounts are looked up on the way. */
const BEGIN_TIMEOUT_MS = 60_000
/** sshd tells that a program has ended, not that it is left alone; one that is installing packages goes on. */
const LEFT_ALONE_TIMEOUT_MS = 3_000
const PASSWORD_ATTEMPTS = 3
const SUDO_PROMPT = 'flotilla-sudo-password:'
/** As it is printed: sudo-rs, which Ubuntu has, puts it into one of its own, on a line. */
const PRINTED_PROMPT = new RegExp(`\\[sudo: ${SUDO_PROMPT}\\] [^\\n:]*: *\\n?|${SUDO_PROMPT}`, 'g')
/** Output beyond this is dropped: nothing that a host prints may fill our memory. */
const MOST_OUTPUT = 4 << 20

const commandFor = (script: string, sudo: boolean): string => {
  const encoded = Buffer.from(
    `printf '%s\\n' ${BEGIN}\nread -r word; [ "$word" = ${GO} ] || exit 1\n${script}`,
  ).toString('base64')
  const shell = `/bin/sh -c 'eval "$(printf %s ${encoded} | base64 -d)"'`
  // `env`, as csh and fish know no `NAME=value command`.
  return sudo ? `env LC_ALL=C sudo -S -p ${SUDO_PROMPT} ${shell}` : `env LC_ALL=C ${shell}`
}

export async function runScript(
  exec: (command: string) => Promise<ClientChannel>,
  script: string,
  options: Internal,
): Promise<Ran> {
  const { sudo, hop, clock, signal, input, onOutput, onStarted } = options
  const asRoot = sudo !== undefined && hop.user !== 'root'
  for (let attempt = 0; attempt < PASSWORD_ATTEMPTS; attempt++) {
    const channel = await exec(commandFor(script, asRoot))
    const outcome = await converse(channel, {
      sudo: asRoot ? sudo : undefined,
      hop,
      clock,
      signal,
      input,
      onOutput,
      onStarted,
    })
    if (outcome !== 'wrong password') return outcome
  }
  throw new SshError(
    'NoPrivileges',
    `sudo on ${hop.host} took none of ${PASSWORD_ATTEMPTS} passwords; nothing was changed. It wants the password of ${hop.user} on that host (of root, where its sudoers say rootpw or targetpw): look there with "sudo -v", and try again`,
  )
}

interface Conversation {
  readonly sudo: Sudo | undefined
  readonly hop: Hop
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
  readonly input: RunOptions['input']
  readonly onOutput: RunOptions['onOutput']
  readonly onStarted: Internal['onStarted']
}

function converse(channel: ClientChannel, options: Conversation): Promise<Ran | 'wrong password'> {
  const { sudo, hop, clock, signal, input, onOutput, onStarted } = options
  return new Promise((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    let began = false
    let asked = 0
    let code: number | undefined
    let failure: unknown
    const stop = (error: unknown) => {
      failure ??= error
      channel.destroy()
      cancel()
      cancel = clock.after(LEFT_ALONE_TIMEOUT_MS, () => settle(undefined))
    }
    let cancel: () => void = () => undefined
    const awaitBegin = () => {
      cancel = clock.after(BEGIN_TIMEOUT_MS, () =>
        stop(new SshError('CommandFailed', notBegun(hop, stdout + stderr.replace(PRINTED_PROMPT, '')))),
      )
    }
    awaitBegin()
    const abort = () => stop(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    if (signal?.aborted) abort()

    const begin = (rest: string) => {
      began = true
      cancel()
      if (onStarted) {
        channel.off('data', readOut)
        channel.pause()
        if (rest !== '') channel.unshift(Buffer.from(rest, 'latin1'))
        channel.write(`${GO}\n`)
        return onStarted(channel)
      }
      stdout = ''
      takeOut(rest)
      send(channel, input, stop)
    }
    const takeOut = (text: string) => {
      if (text === '') return
      if (stdout.length < MOST_OUTPUT) stdout += text
      onOutput?.(Buffer.from(text, 'latin1').toString('utf8'))
    }
    // Bytes as they are; decoded at the end, so that no character is cut in two.
    const readOut = (chunk: Buffer) => {
      const text = chunk.toString('latin1')
      if (began) return takeOut(text)
      stdout += text
      const at = stdout.indexOf(`${BEGIN}\n`)
      if (at >= 0) begin(stdout.slice(at + BEGIN.length + 1))
    }
    const readErr = (chunk: Buffer) => {
      const text = chunk.toString('latin1')
      if (stderr.length < MOST_OUTPUT) stderr += text
      if (began) return onOutput?.(chunk.toString('utf8'))
      if (!sudo || stderr.split(SUDO_PROMPT).length - 1 <= asked) return
      asked++
      if (asked > 1) {
        sudo.forget()
        return stop('wrong password')
      }
      cancel()
      sudo.password(hop).then(password => {
        if (failure !== undefined) return
        channel.write(`${password}\n`)
        awaitBegin()
      }, stop)
    }
    channel.on('data', readOut)
    channel.stderr.on('data', readErr)
    channel.on('error', (error: Error) => (failure ??= error))
    const settle = (given: number | null | undefined) => {
      // Null: ended by a signal. The event `exit` may be over before anybody can listen.
      code = given === null ? 255 : given
      signal?.removeEventListener('abort', abort)
      cancel()
      if (failure === 'wrong password') return resolve(failure)
      if (failure !== undefined) return reject(failure as Error)
      if (code === undefined)
        return reject(new SshError('ConnectionLost', `the connection to ${hopName(hop)} ended in the middle of a step`))
      const errors = utf8(stderr.replace(PRINTED_PROMPT, ''))
      if (sudo && !began) return reject(new SshError('NoPrivileges', sudoProblem(hop, errors, utf8(stdout))))
      resolve({ code, stdout: utf8(stdout), stderr: errors })
    }
    channel.once('close', settle)
  })
}

const utf8 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8')

function send(channel: ClientChannel, input: RunOptions['input'], stop: (error: unknown) => void): void {
  const go = Buffer.from(`${GO}\n`)
  if (!(input instanceof Readable)) return void channel.end(Buffer.concat([go, Buffer.from(input ?? '')]))
  channel.write(go)
  input.once('error', stop)
  channel.once('close', () => input.destroy())
  input.pipe(channel)
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''

const AT_A_TERMINAL = 'What they do for people belongs behind: [ -t 0 ] || return'

const notBegun = (hop: Hop, said: string): string =>
  `the login shell of ${hopName(hop)} began no program within ${BEGIN_TIMEOUT_MS / 1000} s${said.trim() && ` (it said: ${lastLine(utf8(said))})`}: ` +
  `start-up files such as .bashrc wait for an answer there, or start another shell. ${AT_A_TERMINAL}`

function sudoProblem(hop: Hop, stderr: string, stdout: string): string {
  const { user, host } = hop
  const said = lastLine(stderr) || lastLine(stdout)
  if (/not in the sudoers|not allowed to|may not run|afraid I can't do that/.test(stderr))
    return `${user} may not use sudo on ${host}. Add the user to the group sudo (or wheel), or add the host as root.`
  if (/must have a tty/.test(stderr))
    return `sudo on ${host} wants a terminal (requiretty). Take "Defaults requiretty" out of its sudoers file.`
  if (/not found|no such file/i.test(stderr)) return `${host} has no sudo. Install it there, or add the host as root.`
  if (/currently not available|sftp connections only/i.test(said))
    return `${user} may log in to ${host} and run nothing there (it said: ${said}). Give the account a shell, as root there: chsh -s /bin/sh ${user}; or add the host with another user.`
  if (/password has expired|password change required/i.test(stderr))
    return `the password of ${user} on ${host} has expired. Log in there once at a terminal, and set another: ssh ${user}@${host}`
  if (said === '')
    return `the login shell of ${hopName(hop)} ended before it began a program, and said nothing: its start-up files end it, or it is no shell (/bin/false). ${AT_A_TERMINAL}`
  return `becoming root on ${hopName(hop)} failed: ${said}`
}
