// Mounting on the host, through mount(8) and umount(8).
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`

export interface HostTools {
  /** Where the machine's files are, for paths that users name. Default: where this process has its own. */
  readonly root?: string
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

/** The kernel writes blanks and backslashes as octal. */
const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

export async function mountPoints(): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  return table
    .split('\n')
    .filter(Boolean)
    .map(line => unescape(line.split(' ')[4] ?? ''))
}

export const isMountPoint = async (path: string): Promise<boolean> => (await mountPoints()).includes(path)

/** Unmounts everything at and below a folder, deepest first. */
export async function unmountBelow(folder: string, tools: HostTools): Promise<void> {
  const below = (await mountPoints()).filter(path => path === folder || path.startsWith(`${folder}/`))
  for (const path of below.toSorted((a, b) => b.length - a.length)) await tools.unmount(path)
}
