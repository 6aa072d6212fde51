// `flotilla control-plane move --back`: the same in the other direction. The copy is whole here, under the mark, before
// the server lets go; then the mark goes, and the server is left as it was before.
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { dataDirLayout } from '../../data-folder/data-dir.ts'
import { readKubeconfig } from '../../data-folder/kubeconfig-file.ts'
import { inTheWay, readMark } from '../../move/mark.ts'
import { clusterIdOf } from '../../provisioning/own-key.ts'
import { REMOVE_SERVER, SERVER_LOGS } from '../../provisioning/server/scripts.ts'
import { SshError } from '../../provisioning/ssh/contract.ts'
import { Sudo } from '../../provisioning/ssh/sudo.ts'
import { StoreError } from '../../store/contract.ts'
import type { MasterSecret } from '../../store/encryption/master-key.ts'
import { openSealedEngine } from '../../store/encryption/sealed-engine.ts'
import { openEngine } from '../../store/open-engine.ts'
import { type EncryptionFlags, encryptionSecret } from '../encryption-flags.ts'
import { CommandError } from '../../process/usage-error.ts'
import { type ApiEnd, isReady } from './api-call.ts'
import { type ComingBack, type Told, fetchBack, settleHere, takeBack } from './carry.ts'
import { closeDoors } from './jump-hosts.ts'
import { forgetLeftovers, noteLeftovers, readLeftovers } from './leftovers.ts'
import { type MoveFlags, confirm } from './move.ts'
import { type ServerHost, lookAtServer } from './server-host.ts'
import { serverEnd } from './server-end.ts'
import { connectServer, ownKeySum, prompterFor } from './ssh.ts'
import { portOf } from './take-up.ts'

export interface BackFlags extends MoveFlags, EncryptionFlags {
  readonly encryptLater?: boolean
}

export async function moveBack(flags: BackFlags): Promise<void> {
  const dataDir = resolve(flags.dataDir)
  const mark = readMark(dataDir)
  const identity = readKubeconfig(dataDirLayout(dataDir).kubeconfig)
  const cluster = { dataDir, ca: identity.ca }
  if (mark?.state !== 'left') {
    if (readLeftovers(dataDir).servers.length === 0)
      throw new CommandError(`the control plane of ${dataDir} has not moved away`)
    return await takeAway(cluster, flags)
  }
  const encryption = await secretFor(dataDir, flags)
  const prompter = prompterFor(mark.to, flags)
  await using ssh = await connectServer(cluster, mark.to, prompter)
  using sudo = new Sudo(prompter)
  let host = await lookAtServer(ssh, sudo)
  const coming: ComingBack = { dataDir, mark, to: hostname(), told, ...(encryption ? { encryption } : {}) }
  if (host.mark?.state !== 'left') {
    if (!host.hasStore)
      throw new CommandError(`${mark.to} has no control plane any more, and what is here is older; restore a backup`)
    // From a server that does not answer, whatever is there would be taken.
    if (host.ownKeySum !== (await ownKeySum(dataDir, identity.ca)))
      throw new CommandError(`what ${mark.to} holds is another cluster, and what is here is older; restore a backup`)
    const there: ApiEnd = { identity, name: mark.to, dial: () => ssh.forwardOut('127.0.0.1', portOf(mark)) }
    const answers = await isReady(there)
    const end = answers ? 'ended there' : 'kept from starting there, where its API server does not answer'
    console.log(`The control plane comes back from ${mark.to}: copied here, ${end}, and what was put there removed.`)
    if (!flags.yes) await confirm('Bring it back?')
    await (answers ? fetchBack(coming, there) : takeBack(coming, serverEnd(host)))
    host = await lookAtServer(ssh, sudo)
  }
  if (!host.mark) throw new CommandError(`the control plane did not let go on ${mark.to}; run it again`)
  noteLeftovers(dataDir, { servers: [mark.to], doors: [] })
  await settleHere(coming, host.mark)
  await tidy(cluster, mark.to, host)
  await takeAway(cluster, flags)
}

/**
 * What moves have left on other machines, when the control plane is here.
 * @throws CommandError with what could not be taken away, which stays noted
 */
async function takeAway(cluster: { readonly dataDir: string; readonly ca: string }, flags: BackFlags): Promise<void> {
  const { servers, doors } = readLeftovers(cluster.dataDir)
  const problems: string[] = []
  for (const server of servers)
    await takeFrom(cluster, server, flags).catch((error: unknown) => {
      if (!(error instanceof SshError || error instanceof CommandError)) throw error
      problems.push(error.message)
    })
  problems.push(...(await closeDoors(cluster, doors, flags)))
  if (problems.length > 0)
    throw new CommandError(
      `the control plane is here, but not everything that moves have left elsewhere is gone: ${problems.join('; ')}. ` +
        'To try again: flotilla control-plane move --back',
    )
}

async function takeFrom(
  cluster: { readonly dataDir: string; readonly ca: string },
  server: string,
  flags: BackFlags,
): Promise<void> {
  const prompter = prompterFor(server, flags)
  await using ssh = await connectServer(cluster, server, prompter)
  using sudo = new Sudo(prompter)
  const host = await lookAtServer(ssh, sudo)
  const kept = inTheWay(host.mark, host.hasStore || host.isActive, clusterIdOf(cluster.ca))
  if (kept !== undefined) throw new CommandError(`${server} holds ${kept}; nothing was removed there`)
  await tidy(cluster, server, host)
}

/**
 * What encrypts Secrets here: the same as before, which the store that was left here tells.
 * @throws StoreError `WrongKey`, CommandError when it is not given
 */
async function secretFor(dataDir: string, flags: BackFlags): Promise<MasterSecret | undefined> {
  const secret = await encryptionSecret(flags)
  if (!existsSync(join(dataDir, 'store'))) return secret
  try {
    // Half filled it may be, by a move back that was cut off: with the same key.
    const bare = await openEngine({ engine: 'nedb' }, dataDir, { toFill: true })
    await using _left = await openSealedEngine(bare, secret ? { secret } : {})
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'KeyNeeded')) throw error
    if (flags.encryptLater) return undefined
    throw new CommandError(
      `${error.message}. Where only the desktop app has the key: --encrypt-later leaves Secrets in the clear until it ` +
        'starts, which encrypts them',
    )
  }
  return secret
}

const told: Told = (step, detail) => {
  if (step === 'restored') console.log(`copied${detail ? ` at revision ${detail.revision}` : ''}`)
  if (step === 'here')
    console.log('the control plane is here again; a "flotilla serve" that still ran goes on, otherwise start one')
}

async function tidy(
  { dataDir }: { readonly dataDir: string },
  server: string,
  { ssh, sudo, hasLogs }: ServerHost,
): Promise<void> {
  await ssh.must(REMOVE_SERVER, { what: 'removing the control plane there', sudo })
  forgetLeftovers(dataDir, { servers: [server], doors: [] })
  console.log(`what was put on ${server} is removed${hasLogs ? `; its logs stay, in ${SERVER_LOGS}` : ''}`)
}
