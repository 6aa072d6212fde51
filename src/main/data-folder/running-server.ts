// Finds the server that runs on a data folder, and talks to it as the admin.
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { dataDirLayout, serveCommand } from './data-dir.ts'
import { readKubeconfig } from './kubeconfig-file.ts'
import { readMark } from '../move/mark.ts'
import { processStart } from '../process/process-start.ts'
import { CommandError } from '../process/usage-error.ts'

/** A flag of `serve` that was chosen for the cluster: it goes along when the control plane moves. */
export interface CarriedFlag {
  /** `--audit-log-path` */
  readonly flag: string
  /** A file's path is absolute. */
  readonly value: string
  /** What is done with the file that the value names. */
  readonly file?: 'read' | 'written'
}

export interface RunningServer {
  readonly pid: number
  readonly url: string
  readonly startedAt: string
  /** URLs for other machines; none when it only listens on loopback. */
  readonly servers?: readonly string[]
  /** Flags that it was started with and that go along in a move. */
  readonly flags?: readonly CarriedFlag[]
  /** See `processStart`. */
  readonly processStart?: string
}

/** @returns the server that owns the folder, or undefined when none runs (a stale file counts as none) */
export function runningServer(dataDir: string): RunningServer | undefined {
  const { runtime } = dataDirLayout(dataDir)
  if (!existsSync(runtime)) return undefined
  try {
    const found = JSON.parse(readFileSync(runtime, 'utf8')) as RunningServer
    // 0 and negative numbers would ask for process groups.
    if (!Number.isSafeInteger(found.pid) || found.pid < 1) return undefined
    process.kill(found.pid, 0)
    // A server that was killed leaves its file; by now its number may be another program's.
    return found.processStart === undefined || found.processStart === processStart(found.pid) ? found : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') throw new CommandError('the server belongs to another user')
    return undefined
  }
}

/** @returns the server of the folder's cluster, which may have moved. @throws CommandError when none runs on the folder */
export function requireRunning(dataDir: string): RunningServer {
  const mark = readMark(dataDir)
  // What runs here then only tells where the cluster is.
  if (mark?.state === 'left')
    return {
      pid: 0,
      url: readKubeconfig(dataDirLayout(dataDir).kubeconfig).server,
      startedAt: '',
      servers: mark.servers,
    }
  const server = runningServer(dataDir)
  if (!server) throw new CommandError(`no cluster runs on ${dataDir}; start one with: ${serveCommand(dataDir)}`)
  return server
}

/** A JSON request with the admin's client certificate. @throws CommandError */
export function adminRequest(dataDir: string, method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
  const server = requireRunning(dataDir)
  const { ca, cert, key } = readKubeconfig(dataDirLayout(dataDir).kubeconfig)
  return new Promise((resolve, reject) => {
    const headers = body ? { 'content-type': 'application/json' } : {}
    const call = request(`${server.url}${path}`, { method, ca, cert, key, headers, timeout: 10_000 }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => {
        const failed = (response.statusCode ?? 500) >= 400
        if (failed) reject(new CommandError(refusal(response.statusCode, text)))
        else resolve(text === '' ? undefined : JSON.parse(text))
      })
    })
    call.on('timeout', () => call.destroy(new Error('no answer within 10 s')))
    call.on('error', error => reject(new CommandError(`${server.url} does not answer: ${error.message}`)))
    call.end(body && JSON.stringify(body))
  })
}

/** @param text a Status, if it is from the API server */
function refusal(code: number | undefined, text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    if (typeof message === 'string' && message !== '') return message
  } catch {
    // from something in between
  }
  return `the server answered ${code}: ${text.slice(0, 300)}`
}
