// What a container left to say when it ended.
import { open } from 'node:fs/promises'
import type { ContainerRuntime, RuntimeContainer, RuntimePod } from '../runtime/contract.ts'

const MAX_BYTES = 4096
const FALLBACK_BYTES = 2048
const FALLBACK_LINES = 80

/** Keeps what was read, since the container is read about often and says it once. */
export class TerminationMessages {
  readonly #runtime: ContainerRuntime
  readonly #messages = new Map<string, string>()

  constructor(runtime: ContainerRuntime) {
    this.#runtime = runtime
  }

  /** @returns messages by container id, for all containers that ended */
  async of(pod: RuntimePod): Promise<ReadonlyMap<string, string>> {
    const ended = pod.containers.filter(({ state }) => state === 'exited')
    for (const id of this.#messages.keys()) if (!ended.some(container => container.id === id)) this.#messages.delete(id)
    await Promise.all(
      ended.map(async container => {
        if (!this.#messages.has(container.id)) this.#messages.set(container.id, await this.#read(container))
      }),
    )
    return this.#messages
  }

  async #read(container: RuntimeContainer): Promise<string> {
    const message = await readEnd(container.terminationMessageFile)
    if (message !== '' || !container.fallbackToLogs || container.exitCode === 0) return message
    try {
      const query = { follow: false, timestamps: false, tailLines: FALLBACK_LINES }
      const chunks: Buffer[] = []
      for await (const chunk of await this.#runtime.logs(container.id, query)) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks).subarray(-FALLBACK_BYTES).toString()
    } catch (error) {
      return `Error reading termination message from logs: ${(error as Error).message}`
    }
  }
}

async function readEnd(path: string): Promise<string> {
  if (path === '') return ''
  const file = await open(path, 'r').catch(() => undefined) // never written, or the pod's folder is gone
  if (!file) return ''
  try {
    const { size } = await file.stat()
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, Math.max(0, size - MAX_BYTES))
    return buffer.subarray(0, bytesRead).toString()
  } finally {
    await file.close()
  }
}

/** What all containers of a pod may say together. */
const MAX_POD_BYTES = 12 * 1024

/** @returns as much of a message as one of that many containers may have in the status */
export function shareOf(message: string, containers: number): string {
  const most = Math.floor(MAX_POD_BYTES / Math.max(1, containers))
  const bytes = Buffer.from(message)
  return bytes.length <= most ? message : bytes.subarray(0, most).toString()
}
