// Opens the way to a host, hop by hop: each connection runs inside the one before. Agent forwarding is never asked for.
import { Socket, connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
// CommonJS: its names are only there on the default export once it is not bundled.
import ssh2, { type AnyAuthMethod } from 'ssh2'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { Authentication, type AuthenticationOptions } from './authentication.ts'
import { PatientPrompter } from './patient-prompter.ts'
import { KEEPALIVE_MS, SshConnection } from './connection.ts'
import { type Said, say } from '../say.ts'
import { type Hop, type HostKeyPins, SshError, endpointName, hopName } from './contract.ts'
import { verifyHostKey } from './host-key.ts'

export interface ConnectOptions extends AuthenticationOptions {
  readonly pins: HostKeyPins
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Hears what is being done, or waited for, in a few words for people. */
  readonly stage?: (said: Said) => void
}

const TCP_TIMEOUT_MS = 10_000
/** From the connection to the first byte; silence that people are told of. */
const GREETING_TIMEOUT_MS = 10_000
const QUIET_MS = 2_000
/** From the first byte to the host key. */
const HANDSHAKE_TIMEOUT_MS = 15_000
/** From an attempt to log in to what the server says of it: it may look people up elsewhere, or want a key touched. */
const LOGIN_TIMEOUT_MS = 60_000
/** Whether a host is still there is judged by all that comes from it, see SshConnection: answers may be long on their way. */
const KEEPALIVES_UNANSWERED = 1_000_000
/** Of one hop, when it hangs up while people think. */
const MOST_ATTEMPTS = 4

/**
 * @param route hops in order; the last one is the host itself
 * @throws SshError; nothing stays open then
 */
export async function connectRoute(route: readonly Hop[], options: ConnectOptions): Promise<SshConnection> {
  let before: SshConnection | undefined
  try {
    for (const hop of route) before = await connectHop(hop, before, options)
    if (!before) throw new SshError('BadAddress', 'there is no host to connect to')
    return before
  } catch (error) {
    await before?.[Symbol.asyncDispose]()
    throw error
  }
}

/** Servers hang up on people who take long to answer: then the answer is waited for, and counts the next time. */
async function connectHop(hop: Hop, before: SshConnection | undefined, options: ConnectOptions) {
  const patient = new PatientPrompter(options.prompter)
  for (let attempt = 1; ; attempt++) {
    try {
      const socket = before ? await through(before, hop) : await dial(hop, options)
      return await handshake(hop, socket, before, { ...options, prompter: patient })
    } catch (error) {
      const hungUp = error instanceof SshError && error.code === 'ConnectionLost' && patient.wasAsked
      if (!hungUp || attempt >= MOST_ATTEMPTS || options.signal.aborted) throw error
      await patient.settled()
    }
  }
}

/** @throws SshError Unreachable */
const through = (before: SshConnection, hop: Hop): Promise<Duplex> =>
  before.forwardOut(hop.host, hop.port).catch((error: unknown) => {
    if (!(error instanceof SshError) || error.code !== 'ForwardingRefused') throw error
    throw new SshError(
      'Unreachable',
      `${error.message}: is ${endpointName(hop)} on, does ${before.hop.host} reach it, and does its sshd lead on (AllowTcpForwarding)?`,
    )
  })

function dial(hop: Hop, { clock, signal, stage }: ConnectOptions): Promise<Duplex> {
  const endpoint = endpointName(hop)
  stage?.(say('connecting to {endpoint}', { endpoint }))
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: hop.host, port: hop.port, noDelay: true })
    const end = (error: Error) => {
      cancel()
      signal.removeEventListener('abort', abort)
      socket.destroy()
      reject(error)
    }
    const abort = () => end(signal.reason as Error)
    const cancel = clock.after(TCP_TIMEOUT_MS, () =>
      end(
        new SshError(
          'Unreachable',
          say('{endpoint} does not answer within {seconds} s: is it on, and is the way to it open?', {
            endpoint,
            seconds: TCP_TIMEOUT_MS / 1000,
          }),
        ),
      ),
    )
    signal.addEventListener('abort', abort, { once: true })
    socket.once('error', (error: NodeJS.ErrnoException) =>
      end(new SshError('Unreachable', unreachable(endpoint, error))),
    )
    socket.once('connect', () => {
      cancel()
      signal.removeEventListener('abort', abort)
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}

function unreachable(endpoint: string, { code = '', message }: NodeJS.ErrnoException): Said {
  if (code === 'ECONNREFUSED')
    return say(
      '{endpoint} refuses the connection: no SSH server listens on that port. Start it there, or give its port: user@host:PORT',
      { endpoint },
    )
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return say('{endpoint}: this name is not known; is it spelled right?', { endpoint })
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH')
    return say(
      '{endpoint} cannot be reached from here ({code}): is it on, and in a network that this machine is in, too?',
      { endpoint, code },
    )
  return say('{endpoint} cannot be reached: {error}', { endpoint, error: message })
}

function handshake(
  hop: Hop,
  socket: Duplex,
  before: SshConnection | undefined,
  options: ConnectOptions,
): Promise<SshConnection> {
  const { clock, signal, stage } = options
  const client = new ssh2.Client()
  const [endpoint, name] = [endpointName(hop), hopName(hop)]
  const localAddress = socket instanceof Socket ? socket.localAddress : undefined
  const authentication = new Authentication(hop, options)
  return new Promise((resolve, reject) => {
    /** Whether it has shown a host key: it speaks SSH, and may hang up on people who think about it. */
    let met = false
    /** Answers that come later reach nobody: the library throws where they would have gone. */
    let over = false
    /** Why we ended it ourselves: says more than what the library then reports. */
    let own: unknown
    /** Ends the wait for the server; while people think, nothing is waited for. */
    let heard: () => void = () => undefined
    const wait = (ms: number, then: () => void) => {
      heard()
      heard = clock.after(ms, then)
    }
    const giveUp = (why: string) => fail(new SshError('Unreachable', `${endpoint} ${why}`))
    const fail = (error: unknown) => {
      over = true
      heard()
      signal.removeEventListener('abort', abort)
      client.destroy()
      socket.destroy()
      reject(error as Error)
    }
    const abort = () => fail(signal.reason)
    const awaitGreeting = () =>
      wait(QUIET_MS, () => {
        stage?.(
          say('{endpoint} takes the connection and says nothing: waiting for an SSH server to answer', { endpoint }),
        )
        wait(GREETING_TIMEOUT_MS - QUIET_MS, () =>
          giveUp(
            `accepts connections and says nothing for ${GREETING_TIMEOUT_MS / 1000} s: either that port is no SSH server's, or the host is too ` +
              'busy to answer, or its sshd waits for a name server (UseDNS no). Look at the port, and at the host itself',
          ),
        )
      })
    const awaitLogin = () => {
      stage?.(say('logging in to {account}', { account: name }))
      wait(LOGIN_TIMEOUT_MS, () =>
        giveUp(
          `does not say within ${LOGIN_TIMEOUT_MS / 1000} s whether ${hop.user} may log in: it may be short of memory, or look accounts up in a ` +
            'directory that does not answer (PAM, LDAP). See whether ssh gets in from here, and look at its log',
        ),
      )
    }
    /** A question of the host's: nobody waits for it until it has the answers. */
    const patiently = (attempt: AnyAuthMethod | false): AnyAuthMethod | false =>
      attempt === false || attempt.type !== 'keyboard-interactive'
        ? attempt
        : {
            ...attempt,
            prompt(title, instructions, language, prompts, finish) {
              heard()
              attempt.prompt(title, instructions, language, prompts, answers => {
                if (!over) awaitLogin()
                finish(answers)
              })
            },
          }
    signal.addEventListener('abort', abort, { once: true })
    client.on('error', error => fail(own ?? explain(hop, error, met, authentication)))
    client.once('close', () =>
      fail(own ?? new SshError('ConnectionLost', `${name} closed the connection${met ? WHY_CLOSED : ''}`)),
    )
    client.once('ready', () => {
      heard()
      signal.removeEventListener('abort', abort)
      client.removeAllListeners()
      resolve(new SshConnection({ client, socket, hop, before, clock, localAddress }))
    })
    awaitGreeting()
    client.connect({
      sock: socket as never,
      username: hop.user,
      readyTimeout: 0,
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVES_UNANSWERED,
      agentForward: false,
      hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => {
        heard()
        met = true
        verifyHostKey(endpoint, key, options).then(
          () => {
            if (over) return
            awaitLogin()
            verify(true)
          },
          (error: unknown) => {
            own = error
            if (!over) verify(false)
          },
        )
      },
      authHandler: (offered, _partial, next) => {
        heard()
        authentication.next(offered).then(
          attempt => {
            if (over) return
            awaitLogin()
            next(patiently(attempt) as never)
          },
          (error: unknown) => fail(error),
        )
      },
    })
    // After the library, which starts to read: until then nothing is lost.
    socket.once('data', () => {
      if (!met) wait(HANDSHAKE_TIMEOUT_MS, () => giveUp(`began to speak SSH and then said nothing for ${HANDSHAKE_TIMEOUT_MS / 1000} s`)) // prettier-ignore
    })
  })
}

function explain(hop: Hop, error: Error & { level?: string }, met: boolean, tried: Authentication): SshError {
  const name = hopName(hop)
  if (error.level === 'client-authentication')
    return new SshError('AuthenticationFailed', `${name} did not let us in (${tried.summary}). ${letIn(hop)}`)
  if (!met) return new SshError('Unreachable', notSpoken(endpointName(hop), error.message))
  return new SshError('ConnectionLost', `the connection to ${name} ended: ${error.message}`)
}

const notSpoken = (endpoint: string, message: string): string =>
  message.includes('before handshake')
    ? `${endpoint} ended the connection before it said anything: no SSH server listens there, or one that lets nobody in from here. Look at the port, and at the host's firewall and MaxStartups`
    : `${endpoint} does not speak SSH with us: ${message}`

const WHY_CLOSED =
  ' before the log-in was over: the account may be locked or expired; the log of sshd there says why (journalctl -u ssh)'

const letIn = ({ host, port, user }: Hop): string =>
  `Let a key of yours in with: ssh-copy-id ${port === 22 ? '' : `-p ${port} `}${user}@${host}; ` +
  'or name the right one in ~/.ssh/config (IdentityFile)'
