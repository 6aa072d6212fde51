// Images of this machine's Docker, for hosts whose processor can run them.
import { type Readable, addAbortSignal } from 'node:stream'
import { dockerProblem } from '../../local-node/detect.ts'
import { dockerSocketPath } from '../../local-node/docker-socket.ts'
import { type ImageArchive, unpackImage } from './archive.ts'

/** A machine that is to have an image. */
export interface Target {
  readonly name: string
  /** amd64, arm64; undefined while nobody has looked. */
  readonly architecture: string | undefined
}

/** @throws Error, in a sentence, when Docker does not answer or has no such image */
async function find(name: string) {
  const problem = await dockerProblem()
  if (problem !== undefined) throw new Error(problem)
  const { default: Docker } = await import('dockerode')
  const image = new Docker({ socketPath: dockerSocketPath() }).getImage(name)
  const facts = await image.inspect().catch((error: { statusCode?: number; message: string }) => {
    throw new Error(error.statusCode === 404 ? `this machine's Docker has no image ${name}` : error.message)
  })
  return { image, facts }
}

/**
 * @returns the image's id and size in bytes
 * @throws Error, in a sentence, when it is not here, or not for a target's processor
 */
export async function checkImage(name: string, targets: readonly Target[]): Promise<{ id: string; bytes: number }> {
  const { Id, Architecture, Size } = (await find(name)).facts
  const wrong = targets.find(({ architecture = Architecture }) => architecture !== Architecture)
  if (wrong) throw new Error(`${name} is for ${Architecture}, and ${wrong.name} is ${wrong.architecture}`)
  return { id: Id, bytes: Size }
}

/**
 * @param folder an empty one, which the caller removes
 * @throws Error, in a sentence, when it is not here, or not for a target's processor
 */
export async function saveImage(
  name: string,
  targets: readonly Target[],
  folder: string,
  signal: AbortSignal,
): Promise<ImageArchive> {
  await checkImage(name, targets)
  const saved = (await (await find(name)).image.get()) as Readable
  return unpackImage(addAbortSignal(signal, saved), folder)
}
