// What the headless control plane is made of, packed for another machine: the built program and the libraries that it
// loads. Nothing of it depends on the processor.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { pack } from 'tar-stream'

export interface AppParcel {
  /** First 16 hexadecimal digits of the hash of what it is made of; its folder's name on the server. */
  readonly id: string
  /** For a server that lacks it: packing takes longer than looking. */
  packed(): Promise<PackedApp>
}

export interface PackedApp {
  /** A gzipped tar. */
  readonly bytes: Buffer
  /** SHA-256 of it. */
  readonly sha256: string
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
}

const compress = promisify(gzip)
/** Of libraries: what a program loads, not its types, sources and tests. */
const LOADED = /\.(c?js|mjs|json|node|wasm|proto)$/
/** Of the build: the agents' runtimes go their own way. */
const LEFT_OUT = /(\.map$)|(^out\/agent\/runtime\/)|(^out\/preload\/)/

const manifestOf = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest

/** @param root the folder with `package.json`, `out` and, there or above, `node_modules` */
export async function packApp(root: string): Promise<AppParcel> {
  const files = new Map<string, string>([['package.json', join(root, 'package.json')]])
  for (const path of await filesBelow(join(root, 'out'))) {
    const name = `out/${path}`
    if (!LEFT_OUT.test(name)) files.set(name, join(root, 'out', path))
  }
  for (const [name, folder] of await librariesOf(root))
    for (const path of await filesBelow(folder))
      if (LOADED.test(path) && !path.startsWith('node_modules/')) files.set(`${name}/${path}`, join(folder, path))
  const archive = pack()
  const chunks: Buffer[] = []
  const gathered = (async () => {
    for await (const chunk of archive) chunks.push(chunk as Buffer)
  })()
  const unchanging = { mtime: new Date(0), mode: 0o644 }
  for (const [name, path] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
    archive.entry({ name, ...unchanging }, await readFile(path))
  archive.finalize()
  await gathered
  const tar = Buffer.concat(chunks)
  let packing: Promise<PackedApp> | undefined
  return { id: hashOf(tar).slice(0, 16), packed: () => (packing ??= packTar(tar)) }
}

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

async function packTar(tar: Buffer): Promise<PackedApp> {
  const bytes = await compress(tar, { level: 6 })
  return { bytes, sha256: hashOf(bytes) }
}

/** @returns the folders of all libraries, by the place that they have below the root on the server */
async function librariesOf(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const visit = async (folder: string, place: string) => {
    for (const name of Object.keys((await manifestOf(folder)).dependencies ?? {})) {
      if (name.startsWith('@types/')) continue
      const library = nearest(folder, name)
      if (library === undefined) continue // for another platform
      // A library inside another one stays there; any other is found from everywhere.
      const inside = relative(folder, library)
      const to = inside.startsWith('..') || folder === root ? `node_modules/${name}` : `${place}/node_modules/${name}`
      if (found.has(to)) continue
      found.set(to, library)
      await visit(library, to)
    }
  }
  await visit(root, '')
  return found
}

function nearest(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return candidate
    if (folder === dirname(folder)) return undefined
  }
}

/** @returns paths of files, relative to the folder */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(entry => relative(folder, join(entry.parentPath, entry.name)))
}
