// `flotilla control-plane move --back`: the same in the other direction. The copy is whole here, under the mark, before
// the server lets go; then the mark goes, and the server is left as it was before.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { dataDirLayout } from '../../data-dir.ts'
import { readKubeconfig } from '../../kubeconfig-file.ts'
import { type MoveMark, readMark, removeMark, writeMark } from '../../move/mark.ts'
import { REMOVE_SERVER } from '../../provisioning/server/scripts.ts'
import { Sudo } from '../../provisioning/ssh/sudo.ts'
import { restoreBackup } from '../../store/backup/restore.ts'
import { CommandError } from '../usage-error.ts'
import { type ApiEnd, beginMove, commitMove } from './api-call.ts'
import { copyCluster } from './copy.ts'
import { type MoveFlags, confirm } from './move.ts'
import { type ServerHost, lookAtServer } from './server-host.ts'
import { connectServer, prompterFor } from './ssh.ts'
import { portOf } from './take-up.ts'

export async function moveBack(flags: MoveFlags): Promise<void> {
  const dataDir = resolve(flags.dataDir)
  const mark = readMark(dataDir)
  if (mark?.state !== 'left') throw new CommandError(`the control plane of ${dataDir} has not moved away`)
  const identity = readKubeconfig(dataDirLayout(dataDir).kubeconfig)
  const prompter = prompterFor(mark.to, flags)
  await using ssh = await connectServer({ dataDir, ca: identity.ca }, mark.to, prompter)
  using sudo = new Sudo(prompter)
  const host = await lookAtServer(ssh, sudo)
  const there: ApiEnd = { identity, name: mark.to, dial: () => ssh.forwardOut('127.0.0.1', portOf(mark)) }
  if (host.mark?.state !== 'left') {
    console.log(
      `The control plane comes back from ${mark.to}: copied here, ended there, and what was put there removed.`,
    )
    if (!flags.yes) await confirm('Bring it back?')
    await fetchBack(there, mark, dataDir)
  } else if (host.mark.id !== mark.returning)
    throw new CommandError(`the control plane has gone from ${mark.to} to ${host.mark.to}, not to this folder`)
  // Both ends agree that it is here.
  await removeMark(dataDir)
  console.log('the control plane is here again; a "flotilla serve" that still ran goes on, otherwise start one')
  await tidy(host)
}

async function fetchBack(there: ApiEnd, mark: MoveMark, dataDir: string): Promise<void> {
  const coming = { id: randomUUID(), to: hostname(), servers: [] }
  const held = await beginMove(there, coming)
  try {
    await using copy = await copyCluster(dataDir, held.events)
    const { path, passphrase } = copy
    await restoreBackup({ path, passphrase, dataDir, store: { engine: 'nedb' }, replace: true })
    await writeMark(dataDir, { ...mark, returning: coming.id })
    console.log(`copied at revision ${copy.revision}`)
    await commitMove(there, coming)
  } finally {
    held.release()
  }
}

const tidy = async ({ ssh, sudo }: ServerHost): Promise<void> =>
  void (await ssh.must(REMOVE_SERVER, { what: 'removing the control plane there', sudo }))
