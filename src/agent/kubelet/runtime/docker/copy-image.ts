// Files of an image: through a container that is made for it and never started.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type Docker from 'dockerode'
import { type PodIdentity, RuntimeError } from '../contract.ts'
import { docker, orMissing } from './errors.ts'
import { containerLabels, dockerName } from './labels.ts'

const NAME = 'image-volume'
/** Put into every container by the engine. */
const NOT_OF_IMAGE = ['.dockerenv', 'dev/console']
/** What images have of devices: they are no use in a volume, and an agent in a container may not make them. */
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx'].map(name => `dev/${name}`)

export interface ImageOwner {
  readonly engine: Docker
  readonly instance: string
  readonly pod: PodIdentity
}

export const copyImage = (owner: ImageOwner, imageId: string, folder: string): Promise<void> =>
  withContainerOf(owner, imageId, async container => unpack((await container.export()) as Readable, folder))

/** @returns the text of a file of the image; '' when it has none */
export const readImageFile = (owner: ImageOwner, imageId: string, path: string): Promise<string> =>
  withContainerOf(owner, imageId, async container => {
    const archive = await orMissing(() => container.getArchive({ path }))
    return archive ? tar(['-x', '-O', '-f', '-'], archive as Readable) : ''
  })

async function withContainerOf<T>(
  { engine, instance, pod }: ImageOwner,
  imageId: string,
  work: (container: Docker.Container) => Promise<T>,
): Promise<T> {
  // Labelled as the pod's, so that it goes with the pod if it is left behind.
  const labels = { name: NAME, attempt: 0, specHash: '', image: imageId, terminationMessageFile: '', fallbackToLogs: false } // prettier-ignore
  const container = await docker(() =>
    engine.createContainer({
      name: `${dockerName(pod, NAME, 0)}_${randomBytes(6).toString('hex')}`,
      Image: imageId,
      Cmd: ['none'],
      Labels: containerLabels({ pod, ...labels }, instance),
      NetworkDisabled: true,
    }),
  )
  try {
    return await docker(() => work(container))
  } finally {
    await docker(() => container.remove({ force: true, v: true }))
  }
}

async function unpack(archive: Readable, folder: string): Promise<void> {
  const excludes = [...NOT_OF_IMAGE, ...DEVICES].map(path => `--exclude=${path}`)
  await tar(['-x', '-p', '-C', folder, ...excludes, '-f', '-'], archive)
}

/** @returns what it printed */
const tar = (args: readonly string[], archive: Readable): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = execFile('tar', [...args], (error, stdout, stderr) => {
      if (error) reject(new RuntimeError('failed', `image not unpacked: ${stderr.trim() || error.message}`))
      else resolve(stdout)
    })
    if (child.stdin) pipeline(archive, child.stdin).catch(() => undefined) // how it ended, tar's exit tells
  })
