// The folder that drivers know as the kubelet's, /var/lib/kubelet, is the agent's data folder: pods that name a path in
// it get the same path of this node's own folder, so that several nodes on one machine do not meet in one place. On a
// host that is one node, a link leads there, for programs that run beside the containers.
import { lstat, mkdir, readlink, rm, symlink } from 'node:fs/promises'
import { dirname, posix } from 'node:path'

/** Where drivers expect it. */
export const KUBELET_FOLDER = '/var/lib/kubelet'

/** @returns the path below `to` that is the same as `path` below `from`; any other path as it is */
export const moved = (path: string, from: string, to: string): string => {
  const plain = posix.normalize(path)
  return plain === from || plain.startsWith(`${from}/`) || plain === `${from}/` ? to + plain.slice(from.length) : path
}

/** @returns where a path lies that a pod or a driver names */
export const ownPath = (dataDir: string, path: string): string => moved(path, KUBELET_FOLDER, dataDir)

/** @returns as what a driver knows a path of the data folder */
export const knownPath = (dataDir: string, path: string): string => moved(path, dataDir, KUBELET_FOLDER)

/** @returns why there is no link; what is there already, and is somebody else's, stays */
export async function linkKubeletFolder(dataDir: string, at: string): Promise<string | undefined> {
  await mkdir(dirname(at), { recursive: true })
  try {
    await symlink(dataDir, at)
    return undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  if (await isOurs(dataDir, at)) return undefined
  return `${at} is there already; programs outside of pods find plugins of this node in ${dataDir}`
}

export async function unlinkKubeletFolder(dataDir: string, at: string): Promise<void> {
  if (await isOurs(dataDir, at)) await rm(at)
}

const isOurs = async (dataDir: string, at: string): Promise<boolean> => {
  const found = await lstat(at).catch(() => undefined)
  return found?.isSymbolicLink() === true && (await readlink(at)) === dataDir
}
