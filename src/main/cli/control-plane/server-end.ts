// What a move asks of the server, besides its API: over SSH, by the scripts that run `receive`, `activate`, `depart` and
// `leave` there. Tests have them run here.
import { createReadStream, createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ACTIVATE, DEPART, FETCH_COPY, LEAVE, RECEIVE_CLUSTER } from '../../provisioning/server/scripts.ts'
import type { ClusterCopy } from './copy.ts'
import type { ServerHost } from './server-host.ts'

export interface WayBack {
  /** Of this move. */
  readonly id: string
  /** Of the move that brought the control plane there. */
  readonly from: string
  /** For people: where it goes. */
  readonly to: string
  /** Of the copy: see `newCopyKey`. */
  readonly key: string
}

export interface ServerEnd {
  /** Puts a copy in place, which is not the cluster yet. @param cluster see `clusterIdOf` */
  receive(id: string, cluster: string, copy: ClusterCopy): Promise<void>
  /** The copy of that move is the cluster from here on, and starts. Again and again with the same result. */
  activate(id: string): Promise<void>
  /** Ends what runs there, keeps it from starting, and writes a copy of what it has to `path`, on this machine. */
  depart(way: WayBack, path: string): Promise<void>
  /** What was copied by that move is not the cluster any more. Again and again with the same result. */
  leave(id: string): Promise<void>
}

/** Every call throws SshError. */
export const serverEnd = ({ ssh, sudo }: ServerHost): ServerEnd => ({
  async receive(id, cluster, { path, key, encrypted }) {
    const content = headed(`${id} ${key} ${cluster} ${encrypted ? 'encrypted' : 'plain'}\n`, createReadStream(path))
    const input = Readable.from(content, { objectMode: false })
    await ssh.must(RECEIVE_CLUSTER, { what: 'copying the cluster', sudo, input })
  },
  async activate(id) {
    await ssh.must(ACTIVATE, { what: 'starting the control plane there', sudo, input: `${id}\n` })
  },
  async depart({ id, from, to, key }, path) {
    const input = `${id} ${from} ${key}\n${to}\n`
    await ssh.must(DEPART, { what: 'reading the cluster out there', sudo, input })
    // Whether everything has come is seen when it is restored.
    await pipeline(await ssh.stream(FETCH_COPY, { sudo }), createWriteStream(path, { mode: 0o600 }))
  },
  async leave(id) {
    await ssh.must(LEAVE, { what: 'letting go of the control plane there', sudo, input: `${id}\n` })
  },
})

async function* headed(head: string, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  yield Buffer.from(head)
  yield* body
}
