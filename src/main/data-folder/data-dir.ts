// Where everything this program owns lives, and what the folder looks like.
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/**
 * The data folder: `FLOTILLA_DATA_DIR`, else the platform's place for application data.
 * Linux: `$XDG_DATA_HOME/flotilla` or `~/.local/share/flotilla`; macOS: `~/Library/Application Support/flotilla`;
 * Windows: `%APPDATA%\flotilla`.
 */
export function defaultDataDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env.FLOTILLA_DATA_DIR) return resolve(env.FLOTILLA_DATA_DIR)
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'flotilla')
  if (process.platform === 'win32') return join(env.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'flotilla')
  return join(env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'flotilla')
}

/** What starts the cluster of a folder, as it is typed. */
export function serveCommand(dataDir: string): string {
  if (resolve(dataDir) === resolve(defaultDataDir())) return 'flotilla serve'
  return `flotilla serve --data-dir ${/^[\w@%+=:,./~-]+$/.test(dataDir) ? dataDir : `'${dataDir.replaceAll("'", "'\\''")}'`}`
}

export const noCluster = (dataDir: string): string =>
  `no cluster in ${dataDir}; make one with: ${serveCommand(dataDir)}`

/** @throws Error where this user may not know it: `existsSync` calls that no */
export function isThere(path: string): boolean {
  try {
    statSync(path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw error
  }
}

/** Where local clusters live, whoever makes them: the command or the app. */
export const localClustersFolder = (): string => join(dirname(defaultDataDir()), 'flotilla-local')

/** Paths inside a data folder. */
export interface DataDirLayout {
  readonly root: string
  /** The admin's kubeconfig. */
  readonly kubeconfig: string
  /** How to reach the running server: JSON written when it is ready, removed when it stops. */
  readonly runtime: string
  /** Everything of the agent on this machine. */
  readonly agent: string
  readonly logs: string
}

export function dataDirLayout(root: string): DataDirLayout {
  return {
    root,
    kubeconfig: join(root, 'kubeconfig'),
    runtime: join(root, 'runtime.json'),
    agent: join(root, 'agent'),
    logs: join(root, 'logs'),
  }
}

/** Creates the folder; it is private to its owner, also when somebody else made it. */
export function ensureDataDir(root: string): DataDirLayout {
  makeFolderSync(resolve(root))
  const { mode } = statSync(root)
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) chmodSync(root, mode & 0o700)
  return dataDirLayout(root)
}

/** Like `makeFolder` of the store: Node's own `recursive` never ends where nothing can be made. */
function makeFolderSync(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && !existsSync(dirname(path))) {
      makeFolderSync(dirname(path))
      return makeFolderSync(path)
    }
    if (code !== 'EEXIST' || !statSync(path).isDirectory()) throw error
  }
}
