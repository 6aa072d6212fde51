// From what the user typed to the hops that lead there: `ada@box` with the user's SSH configuration becomes
// [jump host, …, box].
import { join } from 'node:path'
import { type Address, isHostName, isUserName, parseAddress } from './address.ts'
import { type Hop, SshError, hopName } from './contract.ts'
import { type SshConfigFile, expandHome } from './config-file.ts'

export interface RouteOptions {
  readonly config: SshConfigFile
  readonly home: string
  /** Who logs in where nothing else says so: the name of this machine's user. */
  readonly localUser: string
}

const MOST_HOPS = 8
/** What ssh tries when no IdentityFile is given, without what needs a security key. */
const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa']

/**
 * @param text `user@host[:port]` or a name in the SSH configuration
 * @returns the hops in order; the last one is the host itself
 * @throws SshError BadAddress, BadConfig
 */
export function routeTo(text: string, options: RouteOptions): Hop[] {
  return follow(parseAddress(text), options, 0)
}

/** @returns whether the SSH configuration is about that host */
export const isConfigured = (text: string, { config }: Pick<RouteOptions, 'config'>): boolean =>
  config.names(parseAddress(text).host)

function follow(address: Address, options: RouteOptions, depth: number): Hop[] {
  if (depth >= MOST_HOPS)
    throw new SshError(
      'BadConfig',
      `ProxyJump leads in a circle or over more than ${MOST_HOPS} hosts (${address.host})`,
    )
  const { proxyJump, ...given } = options.config.optionsFor(address.host)
  const hop = hopOf(address, given, options)
  if (proxyJump === undefined || proxyJump.toLowerCase() === 'none') return [hop]
  // As ssh: the first host of a list uses its own configuration; each next one is reached through the one before.
  const jumps = proxyJump.split(',').map(part => parseAddress(part.trim()))
  const before = jumps.flatMap((jump, i) =>
    i === 0 ? follow(jump, options, depth + 1) : [hopOf(jump, options.config.optionsFor(jump.host), options)],
  )
  if (before.length >= MOST_HOPS)
    throw new SshError('BadConfig', `${hopName(hop)} is behind more than ${MOST_HOPS} hosts`)
  return [...before, hop]
}

function hopOf(
  { user, host, port }: Address,
  given: Omit<ReturnType<SshConfigFile['optionsFor']>, 'proxyJump'>,
  { home, localUser }: RouteOptions,
): Hop {
  const about = `in the SSH configuration of ${host}`
  const hostName = (given.hostName ?? host).replaceAll('%h', host).replaceAll('%%', '%')
  if (!isHostName(hostName)) throw new SshError('BadConfig', `HostName ${JSON.stringify(hostName)} ${about} is no host`)
  const userName = user ?? given.user ?? localUser
  if (!isUserName(userName))
    throw new SshError('BadConfig', `User ${JSON.stringify(userName)} ${about} is no user name`)
  const portNumber = port ?? Number(given.port ?? 22)
  if (!Number.isInteger(portNumber) || portNumber < 1 || portNumber > 65_535)
    throw new SshError('BadConfig', `Port ${JSON.stringify(given.port)} ${about} is no port`)
  const files = given.identityFiles.map(file =>
    expandHome(
      file.replaceAll('%d', home).replaceAll('%u', localUser).replaceAll('%h', hostName).replaceAll('%r', userName),
      home,
    ),
  )
  return {
    host: hostName,
    port: portNumber,
    user: userName,
    identityFiles: files.length > 0 ? files : DEFAULT_KEYS.map(name => join(home, '.ssh', name)),
    identitiesOnly: given.identitiesOnly?.toLowerCase() === 'yes',
  }
}
