// hostPath volumes: a path of the node, checked or made according to its type.
import { mkdir, open, stat } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import type { HostPathVolumeSource } from '../../../shared/api/core/v1.ts'
import { LOG_FOLDER } from '../../../shared/machinery/log-folder.ts'
import { moved, ownPath } from '../plugins/kubelet-folder.ts'
import type { HostTools } from './mounts.ts'

const CHECKS: Readonly<Record<string, { is: (stats: Stats) => boolean; what: string }>> = {
  Directory: { is: s => s.isDirectory(), what: 'a directory' },
  DirectoryOrCreate: { is: s => s.isDirectory(), what: 'a directory' },
  File: { is: s => s.isFile(), what: 'a file' },
  FileOrCreate: { is: s => s.isFile(), what: 'a file' },
  Socket: { is: s => s.isSocket(), what: 'a socket file' },
  CharDevice: { is: s => s.isCharacterDevice(), what: 'a character device' },
  BlockDevice: { is: s => s.isBlockDevice(), what: 'a block device' },
}

export interface HostPathOptions {
  readonly tools: Pick<HostTools, 'root' | 'logFolder'>
  /** The node's folder, which stands for the kubelet's. */
  readonly dataDir: string
}

/**
 * @returns the path on the machine
 * @throws Error with upstream's wording when it is not what the type asks for
 */
export async function prepareHostPath(
  { path, type = '' }: HostPathVolumeSource,
  { tools: { root = '', logFolder }, dataDir }: HostPathOptions,
): Promise<string> {
  const onMachine = ownPath(dataDir, logFolder === undefined ? path : moved(path, LOG_FOLDER, logFolder))
  const here = root + onMachine
  const found = await stat(here).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  const is = Object.hasOwn(CHECKS, type) ? CHECKS[type] : undefined
  const mismatch = () => new Error(`hostPath type check failed: ${path} is not ${is?.what ?? type}`)
  if (found) {
    if (is && !is.is(found)) throw mismatch()
  } else if (type === 'DirectoryOrCreate' || type === '') await mkdir(here, { recursive: true, mode: 0o755 })
  else if (type === 'FileOrCreate') await (await open(here, 'a', 0o644)).close()
  else throw mismatch()
  return onMachine
}
