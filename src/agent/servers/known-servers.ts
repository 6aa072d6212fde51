// Where the API server may be: the addresses of the configuration, and those that the cluster told of since. What was
// told outlives the agent: the control plane may have moved while it was off.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseServers } from '../../shared/machinery/api-servers.ts'
import { writeStateSync } from '../network/state-file.ts'

export class KnownServers {
  /** Changes in place: connections that try the addresses in turn see the new ones. */
  readonly all: string[]
  readonly #configured: readonly string[]
  readonly #file: string

  constructor({ servers, dataDir }: { readonly servers: readonly string[]; readonly dataDir: string }) {
    this.#configured = [...servers]
    this.#file = join(dataDir, 'api-servers.json')
    this.all = [...this.#configured]
    this.#take(this.#remembered())
  }

  /** @param told all that the cluster tells of; what it told before is forgotten. On the disk when this returns. */
  learn(told: readonly string[]): void {
    this.#take(told)
    writeStateSync(this.#file, told)
  }

  #take(told: readonly string[]): void {
    this.all.splice(0, this.all.length, ...new Set([...this.#configured, ...told]))
  }

  #remembered(): string[] {
    try {
      return parseServers(readFileSync(this.#file, 'utf8'))
    } catch {
      return [] // nothing was told yet
    }
  }
}
