// `flotilla control-plane move user@host`: prepare the server, tell the nodes, hold writes back, copy, let go, start
// there. Until this side has let go it is the cluster; from then on the server is. Run again, it goes on where it was.
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { dataDirLayout, isThere, noCluster } from '../../data-folder/data-dir.ts'
import { type KubeconfigIdentity, readKubeconfig } from '../../data-folder/kubeconfig-file.ts'
import { type MoveMark, MovedError, readMark } from '../../move/mark.ts'
import { clusterIdOf } from '../../provisioning/own-key.ts'
import { SERVER_KEY, SERVER_UNIT } from '../../provisioning/server/scripts.ts'
import { Sudo } from '../../provisioning/ssh/sudo.ts'
import type { CarriedFlag } from '../../data-folder/running-server.ts'
import { Answerer, type AnswerFlags } from '../node/answerer.ts'
import { connectApi } from '../../data-folder/api.ts'
import { showBytes } from '../progress.ts'
import { requireRunning } from '../../data-folder/running-server.ts'
import { CommandError, UsageError } from '../../process/usage-error.ts'
import type { ApiEnd } from './api-call.ts'
import { letGo } from './carry.ts'
import { jumpHosts, openDoors } from './jump-hosts.ts'
import { noteLeftovers } from './leftovers.ts'
import { tellNodes } from './nodes.ts'
import { type ServerFlags, packFlags, planFlags } from './server-flags.ts'
import {
  type ServerHost, checkServer, configureServer, lookAtServer, parcelsFor, planParcels, sendParcels,
} from './server-host.ts' // prettier-ignore
import { serverEnd } from './server-end.ts'
import { connectServer, prompterFor } from './ssh.ts'
import { takeUp } from './take-up.ts'

export interface MoveFlags extends AnswerFlags {
  readonly dataDir: string
  readonly port: string
  readonly yes?: boolean
  /** The server is not told the flags that the control plane has here. */
  readonly leaveFlags?: boolean
}

export async function move(address: string, flags: MoveFlags): Promise<void> {
  const port = Number(flags.port)
  if (!/^\d{1,5}$/.test(flags.port) || port < 1 || port > 65_535)
    throw new UsageError(`--port wants a number from 1 to 65535, not "${flags.port}"`)
  const dataDir = resolve(flags.dataDir)
  const { kubeconfig } = dataDirLayout(dataDir)
  if (!isThere(kubeconfig)) throw new CommandError(noCluster(dataDir))
  const identity = readKubeconfig(kubeconfig)
  const mark = readMark(dataDir)
  if (mark && (mark.state !== 'left' || mark.to !== address)) throw new CommandError(new MovedError(mark).message)
  const carried = mark || flags.leaveFlags ? [] : (requireRunning(dataDir).flags ?? [])
  const forServer = await packFlags(carried)
  const prompter = prompterFor(address, flags)
  await using ssh = await connectServer({ dataDir, ca: identity.ca }, address, prompter)
  using sudo = new Sudo(prompter)
  const host = await lookAtServer(ssh, sudo)
  const left = mark ?? (await leave({ address, port, dataDir, identity, host, carried, forServer, flags }))
  await takeUp({ host, mark: left, dataDir, identity })
}

interface Leaving {
  readonly address: string
  readonly port: number
  readonly dataDir: string
  readonly identity: KubeconfigIdentity
  readonly host: ServerHost
  /** Of `serve` here, and as the server gets them. */
  readonly carried: readonly CarriedFlag[]
  readonly forServer: ServerFlags
  readonly flags: MoveFlags
}

/** @returns the mark that this side has written. Everything before that changes nothing here. */
async function leave(leaving: Leaving): Promise<MoveMark> {
  const { address, port, dataDir, identity, host, carried, forServer, flags } = leaving
  const { url } = requireRunning(dataDir)
  const here: ApiEnd = { identity, name: 'the control plane', url }
  const cluster = clusterIdOf(identity.ca)
  checkServer(host, { port, cluster })
  const parcels = await parcelsFor(host)
  const servers = serversOf(host, port)
  await using api = connectApi(dataDir)
  const jumps = await jumpHosts(api.client, host.ssh)
  const plan = [
    ...(await planParcels(host, parcels)),
    `write the unit ${SERVER_UNIT}: the API server listens on 0.0.0.0:${port}`,
    ...planFlags(carried),
    ...jumps.plan,
    `tell every node's agent ${servers.join(' and ')}`,
    'hold writes back, and copy the cluster at its last revision: objects, their history, certificate authority and keys, the SSH key',
    `where Secrets are encrypted here, they are there: with a key of the server's own, ${SERVER_KEY}`,
    'end the control plane here, for good unless it is brought back, and start it there; pods run on',
    'where this machine is a node, it stops being one',
  ]
  console.log(`The control plane moves to ${address} (${host.facts.os.name}):`)
  for (const line of plan) console.log(`  - ${line}`)
  if (!flags.yes) await confirm('Move it?')
  noteLeftovers(dataDir, { servers: [address], doors: jumps.doors })
  await sendParcels(host, parcels)
  await configureServer(host, parcels, port, forServer)
  await openDoors({ dataDir, ca: identity.ca }, jumps, flags)
  console.log('the server is ready')
  await tellNodes(api.client, servers)
  console.log('the nodes know where it will be')
  return await letGo({
    dataDir,
    here,
    server: serverEnd(host),
    cluster,
    to: address,
    servers,
    told: (_step, copy) => {
      if (copy) console.log(`copied at revision ${copy.revision} (${showBytes(copy.bytes)})`)
    },
  })
}

/** Those that its certificate will name. */
const serversOf = ({ facts, ssh }: ServerHost, port: number): string[] =>
  [...new Set([facts.address, ssh.hop.host].filter(name => name !== ''))].map(
    name => `https://${isIP(name) === 6 ? `[${name}]` : name}:${port}`,
  )

/** @throws CommandError for any answer but yes */
export async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY) throw new CommandError(`${question} Nobody can answer here; give --yes`)
  if (!(await new Answerer({}).confirm(question, 'Give --yes where nobody can')))
    throw new CommandError('nothing was changed')
}
