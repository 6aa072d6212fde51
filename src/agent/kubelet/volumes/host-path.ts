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

/**
 * @param root where the machine's files are
 * @returns the path on the machine
 * @throws Error with upstream's wording when it is not what the type asks for
 */
export async function prepareHostPath({ path, type = '' }: HostPathVolumeSource, root = ''): Promise<string> {
  const found = await stat(root + path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!found) {
    await createHostPath(path, type, root)
    return path
  }
  const check = Object.hasOwn(CHECKS, type) ? CHECKS[type] : undefined
  if (check && !check.is(found)) throw new Error(`hostPath type check failed: ${path} is not ${check.what}`)
  return path
}

async function createHostPath(path: string, type: string, root: string): Promise<void> {
  if (type === 'DirectoryOrCreate' || type === '') await mkdir(root + path, { recursive: true, mode: 0o755 })
  else if (type === 'FileOrCreate') await (await open(root + path, 'a', 0o644)).close()
  else throw new Error(`hostPath type check failed: ${path} is not ${CHECKS[type]?.what ?? type}`)
}
