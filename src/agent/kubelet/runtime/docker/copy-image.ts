// The files of an image as a folder: through a container that is made for it and never started.
import { execFile } from 'node:child_process'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type Docker from 'dockerode'
import { type PodIdentity, RuntimeError } from '../contract.ts'
import { docker } from './errors.ts'
import { containerLabels, dockerName } from './labels.ts'

const NAME = 'image-volume'
/** Put into every container by the engine. */
const NOT_OF_IMAGE = ['.dockerenv', 'dev/console']

export async function copyImage(
  engine: Docker,
  instance: string,
  pod: PodIdentity,
  imageId: string,
  folder: string,
): Promise<void> {
  // Labelled as the pod's, so that it goes with the pod if it is left behind.
  const labels = { name: NAME, attempt: 0, specHash: '', image: imageId, terminationMessageFile: '', fallbackToLogs: false } // prettier-ignore
  const container = await docker(() =>
    engine.createContainer({
      name: `${dockerName(pod, NAME, 0)}_${imageId.replace('sha256:', '').slice(0, 12)}`,
      Image: imageId,
      Cmd: ['none'],
      Labels: containerLabels({ pod, ...labels }, instance),
      NetworkDisabled: true,
    }),
  )
  try {
    await unpack((await docker(() => container.export())) as Readable, folder)
  } finally {
    await docker(() => container.remove({ force: true, v: true }))
  }
}

async function unpack(archive: Readable, folder: string): Promise<void> {
  const excludes = NOT_OF_IMAGE.map(path => `--exclude=${path}`)
  const ended = new Promise<void>((resolve, reject) => {
    const child = execFile('tar', ['-x', '-p', '-C', folder, ...excludes, '-f', '-'], (error, _stdout, stderr) => {
      if (error) reject(new RuntimeError('failed', `image not unpacked: ${stderr.trim() || error.message}`))
      else resolve()
    })
    if (child.stdin) pipeline(archive, child.stdin).catch(() => undefined) // how it ended, tar's exit tells
  })
  await ended
}
