// The server as a move sees it: what is on it, and what is put on it.
import { Readable } from 'node:stream'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { commandLine } from '../../local-node/built-programs.ts'
import { inTheWay, type MoveMark } from '../../move/mark.ts'
import { FACTS_SCRIPT } from '../../provisioning/preflight/facts-script.ts'
import { type Facts, parseFacts } from '../../provisioning/preflight/facts.ts'
import { type AppParcel, packApp } from '../../provisioning/server/app-files.ts'
import {
  CONFIGURE_SERVER,
  LOOK_AT_SERVER,
  RECEIVE_APP,
  RECEIVE_FLAG_FILES,
  RECEIVE_SERVER_RUNTIME,
  serverUnit,
  unitArguments,
} from '../../provisioning/server/scripts.ts'
import type { SshConnection } from '../../provisioning/ssh/connection.ts'
import type { Sudo } from '../../provisioning/ssh/sudo.ts'
import { showBytes } from '../progress.ts'
import { CommandError } from '../../process/usage-error.ts'
import type { ServerFlags } from './server-flags.ts'

export interface ServerHost {
  readonly ssh: SshConnection
  readonly sudo: Sudo
  readonly facts: Facts
  /** ids of runtimes and apps that are there. */
  readonly have: ReadonlySet<string>
  readonly mark: MoveMark | undefined
  readonly hasStore: boolean
  /** SHA-256 of the own key of the cluster that is there. */
  readonly ownKeySum: string | undefined
  readonly isActive: boolean
  /** ids of what runs, or would; empty where nothing was put. */
  readonly runtime: string
  readonly app: string
  /** The text of its systemd unit; empty where there is none. */
  readonly unit: string
  readonly dataBytes: number
  /** Whether its flags have had it write something. */
  readonly hasLogs: boolean
}

/** Changes nothing. @throws SshError */
export async function lookAtServer(ssh: SshConnection, sudo: Sudo): Promise<ServerHost> {
  const facts = parseFacts(await ssh.must(FACTS_SCRIPT, { what: 'looking at the server', sudo }), Date.now())
  const text = await ssh.must(LOOK_AT_SERVER, { what: 'looking for a control plane', sudo })
  const values = text.split('\n').map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
  const all = (key: string) => values.flatMap(([name, value = '']) => (name === key ? [value] : []))
  const [mark] = all('mark')
  return {
    ssh,
    sudo,
    facts,
    have: new Set(all('have')),
    mark: mark === undefined ? undefined : (JSON.parse(mark) as MoveMark),
    hasStore: all('store').includes('yes'),
    ownKeySum: all('key')[0],
    isActive: all('active').includes('yes'),
    runtime: all('runtime')[0] ?? '',
    app: all('app')[0] ?? '',
    unit: Buffer.from(all('unit')[0] ?? '', 'base64').toString('utf8'),
    dataBytes: Number(all('dataKiB')[0] ?? 0) * 1024,
    hasLogs: all('logs').includes('yes'),
  }
}

const LEAST_FREE_BYTES = 1e9
const LEAST_MEMORY_BYTES = 500e6
const RUNTIMES: Readonly<Record<string, string>> = { amd64: 'x64', arm64: 'arm64' }

/** @throws CommandError that says what is in the way, and what to do about it */
export function checkServer(
  { facts, mark, hasStore, isActive }: ServerHost,
  { port, cluster }: { readonly port: number; readonly cluster: string },
): void {
  const kept = inTheWay(mark, hasStore || isActive, cluster)
  const problems = [
    ...(facts.systemd === '' ? ['it has no systemd, which starts the control plane'] : []),
    ...(RUNTIMES[facts.architecture] ? [] : [`there is no runtime for its processor (${facts.architecture})`]),
    ...((facts.diskFreeBytes['/var/lib'] ?? Infinity) < LEAST_FREE_BYTES ? ['less than 1 GB is free in /var/lib'] : []),
    ...(facts.memoryBytes < LEAST_MEMORY_BYTES ? ['it has less than 500 MB of memory'] : []),
    ...(kept === undefined ? [] : [`it holds ${kept}`]),
    ...(!isActive && facts.listening.some(address => address.endsWith(`:${port}`))
      ? [`its port ${port} is taken; choose another with --port`]
      : []),
    ...(facts.flotilla.isConfigured || facts.kubernetes.length === 0
      ? []
      : [`it is part of another Kubernetes (${facts.kubernetes.join(', ')})`]),
  ]
  if (problems.length > 0) throw new CommandError(`the control plane cannot go there: ${problems.join('; ')}`)
}

export interface ServerParcels {
  readonly runtime: { readonly id: string; readonly sha256: string; readonly bytes: number; readonly folder: string }
  readonly name: string
  readonly app: AppParcel
}

/** @throws Error when the runtime was not built */
export async function parcelsFor({ facts }: ServerHost): Promise<ServerParcels> {
  const root = join(dirname(commandLine()), '..', '..')
  const name = RUNTIMES[facts.architecture] ?? facts.architecture
  const folder = join(root, 'out', 'agent', 'runtime', name)
  const text = await readFile(join(folder, 'runtime.json'), 'utf8').catch(() => {
    throw new CommandError(`the runtime for ${facts.architecture} was not built; run: npm run build`)
  })
  const { sha256, bytes } = JSON.parse(text) as { sha256: string; bytes: number }
  return { runtime: { id: sha256.slice(0, 16), sha256, bytes, folder }, name, app: await packApp(root) }
}

/** What is to be sent, a sentence each. */
export async function planParcels({ have }: ServerHost, { runtime, app }: ServerParcels): Promise<string[]> {
  const plan = have.has(runtime.id) ? [] : ['send the runtime (Node.js) to /opt/flotilla-server']
  if (have.has(app.id)) return plan
  const { bytes } = await app.packed()
  return [...plan, `send the control plane to /opt/flotilla-server (${showBytes(bytes.length)})`]
}

/** Only what is missing; running it again does what is left. @throws SshError */
export async function sendParcels(
  { ssh, sudo, have }: ServerHost,
  { runtime, name, app }: ServerParcels,
): Promise<void> {
  if (!have.has(runtime.id)) {
    const archive = await readFile(join(runtime.folder, 'node.tar.gz'))
    const head = `${runtime.id} ${runtime.sha256} ${runtime.bytes} ${name}\n`
    await ssh.must(RECEIVE_SERVER_RUNTIME, { what: 'sending the runtime', sudo, input: parts(head, archive) })
  }
  if (have.has(app.id)) return
  const { bytes, sha256 } = await app.packed()
  await ssh.must(RECEIVE_APP, { what: 'sending the control plane', sudo, input: parts(`${app.id} ${sha256}\n`, bytes) })
}

/** With what was sent. Nothing is started. @throws SshError */
export async function configureServer(
  { ssh, sudo }: ServerHost,
  { runtime, app }: ServerParcels,
  port: number,
  { args, files }: ServerFlags,
): Promise<void> {
  await ssh.must(RECEIVE_FLAG_FILES, { what: 'sending the files of flags', sudo, input: files })
  await ssh.must(CONFIGURE_SERVER, {
    what: 'writing the unit',
    sudo,
    input: `${runtime.id} ${app.id}\n${serverUnit({ port, name: ssh.hop.host, more: unitArguments(args) })}`,
  })
}

const parts = (head: string, body: Buffer): Readable => Readable.from([Buffer.from(head), body])
