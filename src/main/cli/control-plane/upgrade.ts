// `flotilla control-plane upgrade`: this machine's version, on the server that the control plane has moved to. What runs
// there goes on by itself once it was begun; run again, this tells how that ended.
import { resolve } from 'node:path'
import { delay } from '../../../shared/machinery/clock.ts'
import { dataDirLayout } from '../../data-folder/data-dir.ts'
import { readKubeconfig } from '../../data-folder/kubeconfig-file.ts'
import { readMark } from '../../move/mark.ts'
import { SERVER_UNIT, serveCommandIn, serverUnit } from '../../provisioning/server/scripts.ts'
import { BEGIN_UPGRADE, LOOK_AT_UPGRADE, PRUNE_SERVER } from '../../provisioning/server/upgrade-scripts.ts'
import { Sudo } from '../../provisioning/ssh/sudo.ts'
import { productVersion } from '../../process/version.ts'
import type { AnswerFlags } from '../node/answerer.ts'
import { patientClock } from '../patient-clock.ts'
import { showBytes } from '../progress.ts'
import { CommandError } from '../../process/usage-error.ts'
import { confirm } from './move.ts'
import { type ServerHost, lookAtServer, parcelsFor, planParcels, sendParcels } from './server-host.ts'
import { connectServer, prompterFor } from './ssh.ts'

export interface UpgradeFlags extends AnswerFlags {
  readonly dataDir: string
  readonly yes?: boolean
}

const POLL_MS = 300
/** The copy of the data, and what is sent. */
const SPARE_BYTES = 500e6

export async function upgradeServer(flags: UpgradeFlags): Promise<void> {
  const dataDir = resolve(flags.dataDir)
  const mark = readMark(dataDir)
  if (mark?.state !== 'left')
    throw new CommandError(`the control plane of ${dataDir} runs here: it is as new as the program that starts it`)
  const { ca } = readKubeconfig(dataDirLayout(dataDir).kubeconfig)
  const prompter = prompterFor(mark.to, flags)
  await using ssh = await connectServer({ dataDir, ca }, mark.to, prompter)
  using sudo = new Sudo(prompter)
  // One that was begun before ends first.
  const earlier = await outcomeOn({ ssh, sudo })
  const failed = await conclude({ ssh, sudo }, earlier)
  const host = await lookAtServer(ssh, sudo)
  if (host.mark || !host.hasStore) throw new CommandError(`${mark.to} has no control plane that could be upgraded`)
  const parcels = await parcelsFor(host)
  if (failed !== undefined && earlier.tried === parcels.app.id) throw new CommandError(failed)
  if (failed !== undefined) console.log(`earlier: ${failed}`)
  const unit = unitFor(host)
  const isSame = host.app === parcels.app.id && host.runtime === parcels.runtime.id && host.unit === unit
  if (isSame && earlier.outcome !== 'stopped')
    return console.log(`${mark.to} runs this version already (${productVersion})`)
  checkSpace(host)
  console.log(`The control plane on ${mark.to} gets the version of this machine (${productVersion}):`)
  for (const line of [
    ...(await planParcels(host, parcels)),
    ...(host.unit === unit ? [] : [`write the unit ${SERVER_UNIT} anew, with the flags that it has`]),
    `stop the control plane, copy its data (${showBytes(host.dataBytes)}), and start the new one; pods run on`,
    'back to the one before if its API server is not ready then, with the data as it was if that one cannot read it any more',
  ])
    console.log(`  - ${line}`)
  if (!flags.yes) await confirm('Upgrade it?')
  await sendParcels(host, parcels)
  const input = `${parcels.runtime.id} ${parcels.app.id} ${host.runtime} ${host.app}\n${unit}`
  await ssh.must(BEGIN_UPGRADE, { what: 'beginning the upgrade', sudo, input })
  console.log('the server has what it needs, and goes on by itself')
  const ended = await outcomeOn({ ssh, sudo })
  if (ended.outcome === 'stopped')
    throw new CommandError('something on the server ended the upgrade on its way; run this again, and it goes on')
  const problem = await conclude({ ssh, sudo }, ended)
  if (problem !== undefined) throw new CommandError(problem)
  console.log(`the control plane on ${mark.to} runs version ${productVersion}; for the nodes: flotilla node upgrade`)
}

/** As this version writes it; one that somebody has written otherwise stays. */
function unitFor({ unit }: ServerHost): string {
  const command = serveCommandIn(unit)
  return command ? serverUnit(command) : unit
}

function checkSpace({ facts, dataBytes }: ServerHost): void {
  const free = facts.diskFreeBytes['/var/lib'] ?? Infinity
  if (free < dataBytes + SPARE_BYTES)
    throw new CommandError(
      `the upgrade needs a copy of the data: ${showBytes(dataBytes + SPARE_BYTES)} free in /var/lib, where ${showBytes(free)} are`,
    )
}

interface Ended {
  /** `stopped`: something ended it on its way. */
  readonly outcome: 'none' | 'stopped' | 'done' | 'kept' | 'back' | 'restored'
  /** The last words of the version that did not become ready. */
  readonly said: string
  /** id of the app. */
  readonly tried: string
}

/** Waits for one that is under way. */
async function outcomeOn({ ssh, sudo }: Pick<ServerHost, 'ssh' | 'sudo'>): Promise<Ended> {
  for (;;) {
    const text = await ssh.must(LOOK_AT_UPGRADE, { what: 'looking at the upgrade', sudo })
    const [outcome = '', said = '', tried = ''] = text.split('\n')
    if (outcome !== 'running') return { outcome: (outcome || 'none') as Ended['outcome'], said: said.trim(), tried }
    await delay(patientClock, POLL_MS)
  }
}

const TAKEN_BACK: Readonly<Partial<Record<Ended['outcome'], string>>> = {
  kept: 'so the version before runs on',
  back: 'so the version before runs again, with everything that was written',
  restored:
    'and the version before could not read what it left, so that runs again with the data as it was before the upgrade; ' +
    'what the new one has left is in /var/lib/flotilla-server.failed',
}

/** @returns why it was taken back, if it was */
async function conclude(
  { ssh, sudo }: Pick<ServerHost, 'ssh' | 'sudo'>,
  { outcome, said }: Ended,
): Promise<string | undefined> {
  if (outcome === 'none' || outcome === 'stopped') return undefined
  const { runtime, app } = await lookAtServer(ssh, sudo)
  await ssh.must(PRUNE_SERVER, { what: 'tidying up', sudo, input: `${runtime} ${app}\n` })
  const taken = TAKEN_BACK[outcome]
  return taken && `the new version did not become ready, ${taken}; it said: ${said || 'nothing'}`
}
