// A connection to a server that need not be a node: with the keys and the configuration of whoever runs the command, the
// cluster's own key besides, and host keys that are remembered in the data folder.
import { existsSync, readFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../shared/machinery/clock.ts'
import { writeAtomically } from '../../data-folder/kubeconfig-file.ts'
import { clusterIdOf, openOwnKey } from '../../provisioning/own-key.ts'
import type { AuthenticationOptions } from '../../provisioning/ssh/authentication.ts'
import { readSshConfig } from '../../provisioning/ssh/config-file.ts'
import { connectRoute } from '../../provisioning/ssh/connect.ts'
import type { SshConnection } from '../../provisioning/ssh/connection.ts'
import { type Hop, type HostKeyPins, type Prompter, endpointName } from '../../provisioning/ssh/contract.ts'
import { routeTo } from '../../provisioning/ssh/route.ts'
import type { AnswerFlags } from '../node/answerer.ts'
import { Answerer } from '../node/answerer.ts'

/** @param about names the server in questions */
export const prompterFor = (about: string, flags: AnswerFlags): Prompter => {
  const answerer = new Answerer(flags)
  return { ask: prompt => answerer.answer(about, { id: '', ...prompt }) }
}

/** @returns of the cluster's own key: see `ServerHost` */
export async function ownKeySum(dataDir: string, ca: string): Promise<string> {
  const { privateKey } = await openOwnKey(join(dataDir, 'ssh'), clusterIdOf(ca))
  return createHash('sha256').update(privateKey).digest('hex')
}

/** As this user's SSH configuration leads there. @throws SshError BadAddress, BadConfig */
export function ownRouteTo(address: string): Hop[] {
  const home = homedir()
  const config = readSshConfig(join(home, '.ssh', 'config'), home)
  return routeTo(address, { config, home, localUser: userInfo().username })
}

/** @throws SshError */
export async function connectServer(
  { dataDir, ca }: { readonly dataDir: string; readonly ca: string },
  address: string,
  prompter: Prompter,
): Promise<SshConnection> {
  const { privateKey } = await openOwnKey(join(dataDir, 'ssh'), clusterIdOf(ca))
  return connect(dataDir, ownRouteTo(address), { prompter, ownKey: privateKey })
}

/**
 * As this user alone: the cluster's key may do nothing there but lead on.
 * @param known host keys that were accepted elsewhere, by endpoint
 * @throws SshError
 */
export async function connectJumpHost(
  dataDir: string,
  route: readonly Hop[],
  prompter: Prompter,
  known: ReadonlyMap<string, string> = new Map(),
): Promise<SshConnection> {
  const pins = pinsIn(join(dataDir, 'server-host-keys.json'))
  for (const endpoint of route.map(endpointName)) {
    const fingerprint = known.get(endpoint)
    if (fingerprint !== undefined) await pins.pin(endpoint, fingerprint)
  }
  return connect(dataDir, route, { prompter })
}

function connect(
  dataDir: string,
  route: readonly Hop[],
  who: Pick<AuthenticationOptions, 'prompter' | 'ownKey'>,
): Promise<SshConnection> {
  return connectRoute(route, {
    ...who,
    pins: pinsIn(join(dataDir, 'server-host-keys.json')),
    agent: process.env.SSH_AUTH_SOCK,
    clock: systemClock,
    signal: new AbortController().signal,
  })
}

function pinsIn(path: string): HostKeyPins {
  const pins = new Map(
    existsSync(path) ? Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>) : [],
  )
  return {
    get: endpoint => pins.get(endpoint),
    pin(endpoint, fingerprint) {
      pins.set(endpoint, fingerprint)
      writeAtomically(path, JSON.stringify(Object.fromEntries(pins)))
      return Promise.resolve()
    },
  }
}
