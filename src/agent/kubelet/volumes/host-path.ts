// hostPath volumes: a path of the node, checked or made according to its type.
import { mkdir, open, stat } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import type { HostPathVolumeSource } from '../../../shared/api/core/v1.ts'

const CHECKS: Readonly<Record<string, { is: (stats: Stats) => boolean; what: string }>> = {
  Directory: { is: s => s.isDirectory(), what: 'a directory' },
  DirectoryOrCreate: { is: s => s.isDirectory(), what: 'a directory' },
  File: { is: s => s.isFile(), what: 'a file' },
  FileOrCreate: { is: s => s.isFile(), what: 'a file' },
  Socket: { is: s => s.isSocket(), what: 'a socket file' },
  CharDevice: { is: s => s.isCharacterDevice(), what: 'a character device' },
  BlockDevice: { is: s => s.isBlockDevice(), what: 'a block device' },
}

/** @returns the path @throws Error with upstream's wording when it is not what the type asks for */
export async function prepareHostPath({ path, type = '' }: HostPathVolumeSource): Promise<string> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!found) return createHostPath(path, type)
  const check = Object.hasOwn(CHECKS, type) ? CHECKS[type] : undefined
  if (check && !check.is(found)) throw new Error(`hostPath type check failed: ${path} is not ${check.what}`)
  return path
}

async function createHostPath(path: string, type: string): Promise<string> {
  if (type === 'DirectoryOrCreate' || type === '') await mkdir(path, { recursive: true, mode: 0o755 })
  else if (type === 'FileOrCreate') await (await open(path, 'a', 0o644)).close()
  else throw new Error(`hostPath type check failed: ${path} is not ${CHECKS[type]?.what ?? type}`)
  return path
}
