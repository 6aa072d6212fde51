// The programs that the agent calls, as this machine has them, with their libraries: an image of them needs no registry.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, realpath } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const tables = (variant: string) =>
  ['iptables', 'ip6tables'].flatMap(name => [`${name}-${variant}`, `${name}-${variant}-restore`])
const NEEDED = [
  'sh', 'cat', 'tar', 'tee', 'rm', 'rmdir', 'ip', 'nft', 'nsenter', 'unshare', 'mount', 'umount',
] // prettier-ignore
const WELCOME = ['conntrack', ...tables('nft'), ...tables('legacy')]
/** Of the Node that is put beside them. */
const LIBRARIES = ['libdl.so.2', 'libstdc++.so.6', 'libm.so.6', 'libgcc_s.so.1', 'libpthread.so.0', 'libc.so.6']
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin']

/** Path in the image → path here. */
export type Userland = ReadonlyMap<string, string>

/** @returns undefined where this is no Linux, or where one of the programs is missing */
export async function ownUserland(): Promise<Userland | undefined> {
  if (process.platform !== 'linux') return undefined
  const files = new Map<string, string>()
  for (const name of [...NEEDED, ...WELCOME]) {
    const path = FOLDERS.map(folder => join(folder, name)).find(path => existsSync(path))
    if (path !== undefined) files.set(`/usr/bin/${name}`, await realpath(path))
    else if (NEEDED.includes(name)) return undefined
  }
  const programs = new Set(files.values())
  for (const program of programs) for (const library of await librariesOf(program)) files.set(library, library)
  const libc = [...files.keys()].find(path => /\/libc\.so/.test(path))
  if (libc === undefined) return undefined
  for (const path of await around(dirname(libc))) files.set(path, path)
  return new Map([...files].map(([target, source]) => [inUsr(target), source]))
}

/** What the image has as links, as most distributions do: a path may be asked for by either name. */
export const LINKS = ['bin', 'sbin', 'lib', 'lib64']
const inUsr = (path: string): string => (LINKS.includes(path.split('/')[1] ?? '') ? `/usr${path}` : path)

/** A program that is not linked dynamically has none. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await run('ldd', [program]).catch(() => ({ stdout: '' }))
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(match => match[1] ?? '')
}

/** What is loaded by its name: Node's libraries, and the matches and targets of iptables. */
async function around(folder: string): Promise<string[]> {
  const folders = [...new Set([folder, `/usr${folder}`, '/usr/lib64', '/usr/lib'])]
  const libraries = LIBRARIES.flatMap(name => folders.map(each => join(each, name)).find(existsSync) ?? [])
  const plugins = folders.map(each => join(each, 'xtables')).find(existsSync)
  const names = plugins === undefined ? [] : await readdir(plugins)
  return [...libraries, ...names.map(name => join(plugins ?? '', name))]
}
