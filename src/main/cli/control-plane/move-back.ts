// `flotilla control-plane move --back`: the same in the other direction. The copy is whole here, under the mark, before
// the server lets go; then the mark goes, and the server is left as it was before.
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { dataDirLayout } from '../../data-dir.ts'
import { readKubeconfig } from '../../kubeconfig-file.ts'
import { readMark } from '../../move/mark.ts'
import { REMOVE_SERVER } from '../../provisioning/server/scripts.ts'
import { Sudo } from '../../provisioning/ssh/sudo.ts'
import { CommandError } from '../usage-error.ts'
import { type ApiEnd, isReady } from './api-call.ts'
import { type ComingBack, type Told, fetchBack, settleHere, takeBack } from './carry.ts'
import { type MoveFlags, confirm } from './move.ts'
import { type ServerHost, lookAtServer } from './server-host.ts'
import { serverEnd } from './server-end.ts'
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
  let host = await lookAtServer(ssh, sudo)
  const coming: ComingBack = { dataDir, mark, to: hostname(), told }
  if (host.mark?.state !== 'left') {
    if (!host.hasStore)
      throw new CommandError(`${mark.to} has no control plane any more, and what is here is older; restore a backup`)
    const there: ApiEnd = { identity, name: mark.to, dial: () => ssh.forwardOut('127.0.0.1', portOf(mark)) }
    const answers = await isReady(there)
    const end = answers ? 'ended there' : 'kept from starting there, where its API server does not answer'
    console.log(`The control plane comes back from ${mark.to}: copied here, ${end}, and what was put there removed.`)
    if (!flags.yes) await confirm('Bring it back?')
    await (answers ? fetchBack(coming, there) : takeBack(coming, serverEnd(host)))
    host = await lookAtServer(ssh, sudo)
  }
  if (!host.mark) throw new CommandError(`the control plane did not let go on ${mark.to}; run it again`)
  await settleHere(coming, host.mark)
  await tidy(host)
}

const told: Told = (step, detail) => {
  if (step === 'restored') console.log(`copied${detail ? ` at revision ${detail.revision}` : ''}`)
  if (step === 'here')
    console.log('the control plane is here again; a "flotilla serve" that still ran goes on, otherwise start one')
}

const tidy = async ({ ssh, sudo }: ServerHost): Promise<void> =>
  void (await ssh.must(REMOVE_SERVER, { what: 'removing the control plane there', sudo }))
