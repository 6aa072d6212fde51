// What the parts of the SSH client tell each other.
import type { HostText } from '../../../shared/api/flotilla/v1.ts'
import type { Said } from '../say.ts'

/** One computer on the way to a host, and how to log in to it. */
export interface Hop {
  /** DNS name or IP address. */
  readonly host: string
  readonly port: number
  readonly user: string
  /** Private key files, tried in order. */
  readonly identityFiles: readonly string[]
  /** Only those files: keys that an ssh-agent offers besides are left alone. */
  readonly identitiesOnly: boolean
}

/** `user@host:port`, IPv6 in brackets: names a hop in prompts and messages. */
export const hopName = ({ user, host, port }: Hop): string => `${user}@${endpointName({ host, port })}`

/** `host:port`: what a host key belongs to. */
export const endpointName = ({ host, port }: Pick<Hop, 'host' | 'port'>): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

export type PromptKind = 'HostKey' | 'Password' | 'Passphrase' | 'KeyboardInteractive' | 'SudoPassword'

/** A question that only a person can answer. It holds nothing secret itself. */
export interface Prompt {
  readonly kind: PromptKind
  /** Who asks: the hop's name, or a key file's path. */
  readonly about: string
  /** The question, for people. */
  readonly text: string
  /** What it is made of, where it is not the host's own. */
  readonly said?: HostText[]
  /** HostKey: the fingerprint to compare, `SHA256:…`. */
  readonly fingerprint?: string
  /** Whether the answer may be shown while it is typed. */
  readonly echo: boolean
}

/** A question that is ours. */
export const question = (said: Said) => ({ text: String(said), said: [...said.texts] })

export interface Prompter {
  /**
   * @returns the answer; for a host key, `yes` accepts
   * @throws Error when nobody can or will answer
   */
  ask(prompt: Prompt): Promise<string>
}

/** Host keys that somebody has accepted. */
export interface HostKeyPins {
  /** @param endpoint see `endpointName`. @returns the fingerprint, `SHA256:…` */
  get(endpoint: string): string | undefined
  pin(endpoint: string, fingerprint: string): Promise<void>
}

export type SshFailure =
  | 'BadAddress'
  | 'BadConfig'
  | 'Unreachable'
  | 'HostKeyChanged'
  | 'HostKeyRejected'
  | 'AuthenticationFailed'
  | 'NoPrivileges'
  | 'ConnectionLost'
  | 'ForwardingRefused'
  | 'CommandFailed'

/** The message says what happened and what to do next, for people. */
export class SshError extends Error {
  override readonly name = 'SshError'
  readonly code: SshFailure
  /** What the message is made of, where it is said in other languages, too. */
  readonly said: Said | undefined

  constructor(code: SshFailure, message: string | Said) {
    super(String(message))
    this.code = code
    this.said = typeof message === 'string' ? undefined : message
  }
}
