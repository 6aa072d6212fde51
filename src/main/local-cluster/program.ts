// What the containers of local clusters run: the program that runs us; or, of a packaged app — whose files only Electron
// can read — a copy of it with the Node that it carries. Containers keep one path for good: `current` leads to the copy.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { agentBundle, commandLine, LITTLE_KEPT, nodeEnv } from '../local-node/built-programs.ts'
import { unpackProgram } from '../local-node/agent-program.ts'
import { readStates } from './state.ts'

export interface LocalProgram {
  /** Node, or what acts as Node with `env`. */
  readonly node: string
  readonly commandLine: string
  readonly agent: string
  readonly env: Readonly<Record<string, string>>
}

/** Beside the clusters, whose names have no dot. */
const FOLDER = '.program'
/** Sent to hosts, which are no part of a local cluster. */
const RUNTIMES = join('out', 'agent', 'runtime')
/** The names of all other files of the program are in these. */
const TELLING = ['package.json', join('out', 'main', 'cli.js'), join('out', 'agent', 'agent.cjs')]

/** @param base folder of all local clusters */
export async function localProgram(base: string): Promise<LocalProgram> {
  const own = commandLine()
  const end = own.indexOf(`.asar${sep}`)
  if (end < 0) return { node: process.execPath, commandLine: own, agent: agentBundle(), env: nodeEnv() }
  return copyProgram(own.slice(0, end + '.asar'.length), base)
}

/**
 * Copies once per version. Copies of older ones stay while there are clusters, which may still run them.
 * @param app what is packed
 */
export async function copyProgram(app: string, base: string): Promise<LocalProgram> {
  const folder = join(base, FOLDER)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const version = await versionOf(app)
  const target = join(folder, version)
  if (!existsSync(target)) {
    const unfinished = await mkdtemp(join(folder, 'new-'))
    try {
      await copyTree(app, join(unfinished, 'app'), path => relative(app, path) !== RUNTIMES)
      const runtime = join(app, RUNTIMES, process.arch)
      const { node } = await unpackProgram(join(app, 'out', 'agent', 'agent.cjs'), runtime, join(unfinished, 'bin'))
      await symlink(join('bin', basename(node)), join(unfinished, 'node'))
      await rename(unfinished, target)
    } finally {
      await rm(unfinished, { recursive: true, force: true })
    }
  }
  await pointTo(version, join(folder, 'current'))
  if (readStates(base).length === 0)
    for (const name of await readdir(folder))
      if (name !== version && name !== 'current') await rm(join(folder, name), { recursive: true, force: true })
  const current = join(folder, 'current')
  return {
    node: join(current, 'node'),
    commandLine: join(current, 'app', 'out', 'main', 'cli.js'),
    agent: join(current, 'app', 'out', 'agent', 'agent.cjs'),
    env: LITTLE_KEPT,
  }
}

async function versionOf(app: string): Promise<string> {
  const hash = createHash('sha256')
  for (const name of TELLING) hash.update(await readFile(join(app, name)))
  return hash.digest('hex').slice(0, 16)
}

/** Whoever starts through the link meanwhile finds the one or the other. */
async function pointTo(version: string, link: string): Promise<void> {
  const fresh = join(await mkdtemp(join(dirname(link), 'link-')), 'current')
  await symlink(version, fresh)
  await rename(fresh, link)
  await rm(dirname(fresh), { recursive: true })
}

/** One file after the other: Electron reads packed files through these calls alone. */
async function copyTree(from: string, to: string, isWanted: (path: string) => boolean): Promise<void> {
  await mkdir(to, { mode: 0o700 })
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (!isWanted(source)) continue
    if (entry.isDirectory()) await copyTree(source, target, isWanted)
    else await copyFile(source, target)
  }
}
