// Device nodes that CDI describes by their numbers: nobody has made one on the machine, and Docker wants one to copy.
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmod, chown, lstat, mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface NodeNumbers {
  /** Of a block device, a character device, an unbuffered one, a pipe. */
  readonly type: 'b' | 'c' | 'u' | 'p'
  readonly major: number
  readonly minor: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

const run = promisify(execFile)

/** @returns where it is, the same for the same numbers @throws Error where none can be made */
export async function makeDeviceNode(folder: string, node: NodeNumbers): Promise<string> {
  const { type, major, minor, mode, uid, gid } = node
  const path = join(folder, [type, major, minor, mode.toString(8), uid, gid].join('-'))
  if (await lstat(path).catch(() => undefined)) return path
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const made = `${path}.${randomUUID()}`
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/bin:/bin` }
  await run('mknod', [made, type, ...(type === 'p' ? [] : [String(major), String(minor)])], { env, timeout: 10_000 })
  await chown(made, uid, gid)
  await chmod(made, mode)
  await rename(made, path)
  return path
}
