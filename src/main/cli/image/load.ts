// `flotilla image load`: to several hosts at once, and how far each is.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import PQueue from 'p-queue'
import { Host } from '../../../shared/api/flotilla/v1.ts'
import type { ImageArchive } from '../../provisioning/images/archive.ts'
import { saveImage } from '../../provisioning/images/save.ts'
import { sendImage } from '../../provisioning/images/send.ts'
import { Sudo } from '../../provisioning/ssh/sudo.ts'
import { Answerer } from '../node/answerer.ts'
import { connectApi } from '../../data-folder/api.ts'
import { connect, terminalPrompter } from '../node/ssh.ts'
import { showBytes } from '../progress.ts'
import { Stopped } from '../stopped.ts'
import { CommandError, Interrupted } from '../../process/usage-error.ts'

export interface LoadFlags {
  readonly dataDir: string
  readonly nodes?: string
  readonly passwordStdin?: boolean
}

const AT_ONCE = 4
/** A line each time so much more has been sent. */
const PERCENT_STEP = 25

/**
 * One image after the other: what the first brings, the next need not.
 * @throws Interrupted when it was stopped
 */
export async function load(images: readonly string[], flags: LoadFlags): Promise<void> {
  const hosts = await chosenHosts(flags)
  using stopped = new Stopped()
  const { signal } = stopped
  const sending = { dataDir: flags.dataDir, answerer: new Answerer(flags), signal }
  for (const image of images) {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-image-'))
    try {
      await loadToAll(await saved(image, hosts, folder, signal), hosts, sending)
    } catch (error) {
      throw signal.aborted ? new Interrupted() : error
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

interface Sending {
  readonly dataDir: string
  readonly answerer: Answerer
  readonly signal: AbortSignal
}

async function loadToAll(archive: ImageArchive, hosts: readonly Host[], sending: Sending): Promise<void> {
  const failed: string[] = []
  const queue = new PQueue({ concurrency: AT_ONCE })
  const loadOne = async (name: string) => {
    try {
      await loadTo(name, archive, sending)
    } catch (error) {
      failed.push(name)
      if (sending.signal.aborted) return
      console.error(`${name}  ${(error as Error).message}`)
    }
  }
  await queue.addAll(
    hosts.map(
      ({ metadata }) =>
        () =>
          loadOne(metadata.name),
    ),
  )
  if (failed.length > 0) throw new CommandError(`${failed.join(', ')}: not loaded; see above`)
}

async function chosenHosts({ dataDir, nodes }: LoadFlags): Promise<Host[]> {
  await using api = connectApi(dataDir)
  const { items } = await api.client.list(Host)
  const names = nodes?.split(',').filter(Boolean)
  const unknown = names?.find(name => !items.some(({ metadata }) => metadata.name === name))
  if (unknown) throw new CommandError(`there is no host ${unknown}; see: flotilla node list`)
  const chosen = items.filter(({ metadata, status }) => names?.includes(metadata.name) ?? status.nodeName !== undefined)
  if (chosen.length === 0)
    throw new CommandError('there are no hosts over SSH; nodes of this machine have its images already')
  return chosen
}

/** @throws CommandError when the image is not here, or not for a host's processor */
async function saved(name: string, hosts: readonly Host[], folder: string, signal: AbortSignal): Promise<ImageArchive> {
  const targets = hosts.map(({ metadata, status }) => ({
    name: metadata.name,
    architecture: status.facts?.architecture,
  }))
  try {
    return await saveImage(name, targets, folder, signal)
  } catch (error) {
    throw new CommandError((error as Error).message)
  }
}

async function loadTo(name: string, archive: ImageArchive, { dataDir, answerer, signal }: Sending): Promise<void> {
  const prompter = terminalPrompter(name, answerer)
  await using ssh = await connect(dataDir, name, prompter, signal)
  using sudo = new Sudo(prompter)
  let told = 0
  const { layers, bytes } = await sendImage(archive, {
    ssh,
    sudo,
    signal,
    onPercent(percent) {
      if (percent < told + PERCENT_STEP || percent >= 100) return
      told = percent - (percent % PERCENT_STEP)
      console.log(`${name}  ${told} %`)
    },
  })
  console.log(
    `${name}  ${layers === 0 ? 'had every layer' : layers === 1 ? '1 layer was missing' : `${layers} layers were missing`}, ${showBytes(bytes)} sent`,
  )
}
