// Images: what is here, and pulling what is not.
import type Docker from 'dockerode'
import { RuntimeError, type PullProgress, type RegistryAuth, type RuntimeImage } from '../contract.ts'
import { pauseImageArchive, pauseImageName, type PauseArchitecture } from '../pause-image.ts'
import { Readable } from 'node:stream'
import { docker, orMissing } from './errors.ts'
import { LayerProgress, type PullLine } from './pull-progress.ts'

const toImage = (info: Docker.ImageInspectInfo): RuntimeImage => ({
  id: info.Id,
  tags: info.RepoTags ?? [],
  digests: info.RepoDigests ?? [],
  sizeBytes: info.Size,
  user: info.Config?.User ?? '',
})

export async function findImage(engine: Docker, reference: string): Promise<RuntimeImage | undefined> {
  const info = await orMissing(() => engine.getImage(reference).inspect())
  return info && toImage(info)
}

export async function listImages(engine: Docker): Promise<RuntimeImage[]> {
  const images = await docker(() => engine.listImages())
  return images.map(image => ({
    id: image.Id,
    tags: (image.RepoTags ?? []).filter(tag => tag !== '<none>:<none>'),
    digests: (image.RepoDigests ?? []).filter(digest => digest !== '<none>@<none>'),
    sizeBytes: image.Size,
    user: '',
  }))
}

export async function imagesInUse(engine: Docker): Promise<ReadonlySet<string>> {
  return new Set((await docker(() => engine.listContainers({ all: true }))).map(({ ImageID }) => ImageID))
}

/** By its names: an image with several is only deleted with the last, and never while a container needs it. */
export async function removeImage(engine: Docker, id: string): Promise<void> {
  const image = await findImage(engine, id)
  const names = image?.tags.length ? image.tags : (image?.digests ?? [])
  for (const name of names.length > 0 ? names : [id]) await orMissing(() => engine.getImage(name).remove())
}

export interface PullOptions {
  readonly engine: Docker
  readonly reference: string
  readonly auth: RegistryAuth | undefined
  readonly signal: AbortSignal
  readonly onProgress: (progress: PullProgress) => void
}

export async function pullImage({ engine, reference, auth, signal, onProgress }: PullOptions): Promise<void> {
  const stream = await docker(() =>
    engine.pull(withTag(reference), { abortSignal: signal, ...(auth ? { authconfig: auth } : {}) }),
  )
  const layers = new LayerProgress()
  await followProgress(engine, stream, line => {
    const progress = layers.add(line)
    if (progress) onProgress(progress)
  })
}

/** Without a tag or digest, Docker would pull every tag. */
const withTag = (reference: string): string => (/@|:[^/]+$/.test(reference) ? reference : `${reference}:latest`)

/** Docker answers 200 at once and reports failures within the stream. */
const followProgress = (
  engine: Docker,
  stream: NodeJS.ReadableStream,
  onLine: (line: PullLine) => void = () => undefined,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const onEnd = (error: Error | null, output?: PullLine[]) => {
      const failure = error?.message ?? output?.find(line => line.error)?.error
      if (failure === undefined) resolve()
      else reject(new RuntimeError('failed', failure))
    }
    engine.modem.followProgress(stream, onEnd, onLine)
  })

/** Makes the pause image when it is not here. @returns its name */
export async function ensurePauseImage(engine: Docker, architecture: PauseArchitecture): Promise<string> {
  const name = pauseImageName(architecture)
  if (await findImage(engine, name)) return name
  const archive = Readable.from([await pauseImageArchive(architecture)])
  await followProgress(engine, await docker(() => engine.loadImage(archive, { quiet: true })))
  return name
}
