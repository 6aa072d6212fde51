// The image of the agent's own container: nothing but the folders that host folders are mounted on.
import { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { untilDone } from './until-done.ts'

const REPOSITORY = 'flotilla-agent-base'
const TAG = '2'

/** @returns the image's name; made locally when absent, never pulled */
export async function ensureEmptyImage(docker: Docker): Promise<string> {
  const name = `${REPOSITORY}:${TAG}`
  const found = await docker.listImages({ filters: { reference: [name] } })
  if (found.length > 0) return name
  const { pack } = await import('tar-stream')
  const archive = pack()
  for (const folder of ['usr', 'etc', 'sys', 'run', 'proc', 'dev', 'tmp'])
    archive.entry({ name: `${folder}/`, type: 'directory', mode: folder === 'tmp' ? 0o1777 : 0o755 })
  archive.finalize()
  const answer = await docker.importImage(Readable.from(archive), { repo: REPOSITORY, tag: TAG })
  await untilDone(docker, answer)
  return name
}
