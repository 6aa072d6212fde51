// What runs the agent on this machine: the program that runs us; or, in a packaged app — which cannot act as Node and
// whose files only Electron can read — the Node that it carries for hosts, unpacked into the data folder.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { copyFile, mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { CommandError } from '../process/usage-error.ts'
import { agentBundle, LITTLE_KEPT, nodeEnv } from './built-programs.ts'

export interface AgentProgram {
  /** Node, or what acts as Node with `env`. */
  readonly node: string
  readonly bundle: string
  readonly env: Readonly<Record<string, string>>
}

/** `runtime.json` beside the archive. */
interface RuntimeFacts {
  readonly sha256: string
  readonly bytes: number
}

/** @param folder the agent's own, in the data folder */
export async function agentProgram(folder: string): Promise<AgentProgram> {
  const bundle = agentBundle()
  if (!bundle.includes(`.asar${sep}`)) return { node: process.execPath, bundle, env: nodeEnv() }
  return unpackProgram(bundle, join(dirname(bundle), 'runtime', process.arch), join(folder, 'program'))
}

/**
 * Unpacks once per version; what an older version left is removed.
 * @param runtime folder with `runtime.json` and `node.tar.gz`
 * @throws Error when the archive does not hold what it should
 */
export async function unpackProgram(bundle: string, runtime: string, target: string): Promise<AgentProgram> {
  const { sha256, bytes } = JSON.parse(await readFile(join(runtime, 'runtime.json'), 'utf8')) as RuntimeFacts
  const script = await readFile(bundle)
  const nodeName = `node-${sha256.slice(0, 16)}`
  const bundleName = `agent-${createHash('sha256').update(script).digest('hex').slice(0, 16)}.cjs`
  await mkdir(target, { recursive: true, mode: 0o700 })
  const node = join(target, nodeName)
  const own = join(target, bundleName)
  if ((await sizeOf(node)) !== bytes) await unpackNode(join(runtime, 'node.tar.gz'), node, sha256)
  if ((await sizeOf(own)) !== script.length) {
    await copyFile(bundle, `${own}.new`)
    await rename(`${own}.new`, own)
  }
  for (const name of await readdir(target))
    if (name !== nodeName && name !== bundleName) await rm(join(target, name), { force: true })
  return { node, bundle: own, env: LITTLE_KEPT }
}

const sizeOf = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ size }) => size,
    () => undefined,
  )

async function unpackNode(archive: string, target: string, sha256: string): Promise<void> {
  const hash = createHash('sha256')
  const measured = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  const entries = extract()
  const unfinished = `${target}.new`
  const unpacking = (async () => {
    for await (const entry of entries)
      if (entry.header.name === 'node')
        await pipeline(entry, measured, createWriteStream(unfinished, { mode: 0o755, flush: true }))
      else entry.resume()
  })()
  const outcomes = await Promise.allSettled([pipeline(createReadStream(archive), createGunzip(), entries), unpacking])
  const failed = outcomes.find(outcome => outcome.status === 'rejected')
  if (failed || hash.digest('hex') !== sha256) {
    await rm(unfinished, { force: true })
    throw new CommandError('the runtime that came with this app is damaged; install the app again', {
      cause: failed?.reason,
    })
  }
  await rename(unfinished, target)
}
