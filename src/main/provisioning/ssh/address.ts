// The strict grammar of `user@host[:port]`. What passes can be shown, compared and dialled; nothing of it ever becomes
// part of a shell text.
import { isIPv4, isIPv6 } from 'node:net'
import { SshError } from './contract.ts'

export interface Address {
  /** Undefined: as the user's SSH configuration says. */
  readonly user: string | undefined
  /** DNS name, IP address without brackets, or a name in the user's SSH configuration. */
  readonly host: string
  readonly port: number | undefined
}

const USER = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}\$?$/
const LABEL = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/
const LONGEST_NAME = 253

export const isUserName = (text: string): boolean => USER.test(text)

export function isHostName(text: string): boolean {
  if (isIPv4(text)) return true
  if (isIPv6(text)) return !text.includes('%')
  return text.length <= LONGEST_NAME && text.split('.').every(label => LABEL.test(label))
}

/**
 * Accepts `box`, `ada@box`, `ada@10.0.0.7:2222`, `ada@[fd00::7]:22`, `ssh://ada@box:2222`.
 * @throws SshError BadAddress
 */
export function parseAddress(text: string): Address {
  const bare = text.replace(/^ssh:\/\//, '').replace(/\/$/, '')
  const at = bare.lastIndexOf('@')
  const user = at < 0 ? undefined : bare.slice(0, at)
  const match = /^(?:\[([^[\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(bare.slice(at + 1))
  const host = match?.[1] ?? match?.[2]
  const port = match?.[3] === undefined ? undefined : Number(match[3])
  const wrong = (why: string) =>
    new SshError(
      'BadAddress',
      `${JSON.stringify(text)} is not an address: ${why}. It wants user@host or user@host:port.`,
    )
  if (user !== undefined && !isUserName(user)) throw wrong('its user name has characters that no user name has')
  if (host === undefined) throw wrong('it has no host, or more than one port (IPv6 addresses stand in brackets)')
  if (match?.[1] !== undefined && !isIPv6(host)) throw wrong('only an IPv6 address stands in brackets')
  if (!isHostName(host)) throw wrong('its host is neither a DNS name nor an IP address')
  if (port !== undefined && (port < 1 || port > 65_535)) throw wrong('ports go from 1 to 65535')
  return { user, host, port }
}
