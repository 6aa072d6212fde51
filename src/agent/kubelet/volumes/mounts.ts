// Mounting on the host, through mount(8) and umount(8).
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { removeTree } from './remove-tree.ts'

const run = promisify(execFile)
const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`

export interface HostTools {
  /** Where the machine's files are, for paths that users name. Default: where this process has its own. */
  readonly root?: string
  /** What stands for `/var/log` where users name it: a node that is not the machine has its own. Default: that itself. */
  readonly logFolder?: string
  /** Of the mounts there. Default: of those of this process. @see proc_pid_mountinfo(5) */
  readonly mountTable?: string
  /** @param args of mount(8) */
  mount(args: readonly string[]): Promise<void>
  unmount(path: string): Promise<void>
}

export const hostTools: HostTools = {
  async mount(args) {
    await run('mount', [...args], { env: { ...process.env, PATH }, timeout: 30_000 })
  },
  async unmount(path) {
    await run('umount', ['-l', '--', path], { env: { ...process.env, PATH }, timeout: 30_000 })
  },
}

/** Where the machine's files and mounts are those of another process. */
export const hostToolsOf = (pid: number): HostTools => ({
  ...hostTools,
  root: `/proc/${pid}/root`,
  mountTable: `/proc/${pid}/mountinfo`,
})

/** The kernel writes blanks and backslashes as octal. */
const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

interface MountPoint {
  readonly path: string
  /** Is told of mounts that are made elsewhere below what it shows. */
  readonly isFollowing: boolean
  /** Tells others of mounts that are made below it. */
  readonly isShared: boolean
}

async function readTable(path = '/proc/self/mountinfo'): Promise<MountPoint[]> {
  const table = await readFile(path, 'utf8')
  return table
    .split('\n')
    .filter(Boolean)
    .map(line => {
      const fields = line.split(' ')
      const optional = fields.slice(6, fields.indexOf('-', 6))
      return {
        path: unescape(fields[4] ?? ''),
        isFollowing: optional.some(field => /^(shared|master):/.test(field)),
        isShared: optional.some(field => field.startsWith('shared:')),
      }
    })
}

export const mountPoints = async (): Promise<string[]> => (await readTable()).map(({ path }) => path)

export const isMountPoint = async (path: string): Promise<boolean> => (await mountPoints()).includes(path)

/** @param path without links @returns whether mounts that are made below it later can show in a container, as `rslave` asks */
export async function canBeFollowed(path: string, { mountTable }: Pick<HostTools, 'mountTable'>): Promise<boolean> {
  return (await mountOf(path, mountTable))?.isFollowing ?? true
}

async function mountOf(path: string, mountTable: string | undefined): Promise<MountPoint | undefined> {
  const above = (await readTable(mountTable)).filter(mount => isBelow(path, mount.path))
  // Of several at one place the last one lies on top.
  return above.toSorted((a, b) => a.path.length - b.path.length).at(-1)
}

/**
 * Makes what a container mounts below a path of the node's folder show on the node, as drivers need it where the machine
 * keeps mounts to itself. What lies elsewhere is the machine's to share.
 */
export async function makeShared(path: string, dataDir: string, tools: HostTools): Promise<void> {
  if (!isBelow(path, dataDir) || (await mountOf(path, tools.mountTable))?.isShared !== false) return
  if (!(await isMountPoint(dataDir))) await tools.mount(['--rbind', dataDir, dataDir])
  await tools.mount(['--make-rshared', dataDir])
}

/** @returns whether it is the folder itself or in it */
export const isBelow = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)

/** Unmounts everything at and below a folder, deepest first. */
export async function unmountBelow(folder: string, tools: HostTools): Promise<void> {
  const below = (await mountPoints()).filter(path => isBelow(path, folder))
  for (const path of below.toSorted((a, b) => b.length - a.length)) await tools.unmount(path)
}

/**
 * Deletes a folder, and nothing of what is mounted in it.
 * @throws Error where something stays mounted, or was mounted meanwhile
 */
export async function removeUnmounted(folder: string, tools: HostTools): Promise<void> {
  await unmountBelow(folder, tools)
  const left = (await mountPoints()).find(path => isBelow(path, folder))
  if (left !== undefined) throw new Error(`${folder} is not deleted: something is mounted on ${left}`)
  await removeTree(folder)
}
