// Containers that the kernel killed for memory, out of its own log: Docker knows of it only where containerd finds all of
// the machine's cgroup controllers mounted.
import { type FileHandle, constants, open } from 'node:fs/promises'
import { readSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

/** One read gives one record. */
const RECORD_BYTES = 8192
/** Reading a record takes a microsecond or two. */
const RECORDS_AT_A_TIME = 500
/** `oom-kill:constraint=CONSTRAINT_MEMCG,…,task_memcg=/docker/ID,task=…`; systemd's slices have `docker-ID.scope`. */
const KILLED = /;oom-kill:.*\btask_memcg=[^,]*\b([0-9a-f]{64})\b/

/** @returns ids of containers @throws Error where the log cannot be read */
export async function killedForMemory(log = '/dev/kmsg'): Promise<ReadonlySet<string>> {
  const killed = new Set<string>()
  await using file = await open(log, constants.O_RDONLY | constants.O_NONBLOCK)
  while (readSome(file, killed)) await setImmediate()
  return killed
}

/** @returns whether there may be more */
function readSome({ fd }: FileHandle, killed: Set<string>): boolean {
  const record = Buffer.alloc(RECORD_BYTES)
  for (let count = 0; count < RECORDS_AT_A_TIME; count++) {
    try {
      const length = readSync(fd, record, 0, RECORD_BYTES, null)
      if (length === 0) return false
      for (const line of record.toString('latin1', 0, length).split('\n')) {
        const [, id] = KILLED.exec(line) ?? []
        if (id) killed.add(id)
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EAGAIN') return false
      // EPIPE: the oldest records were overwritten meanwhile; the next read goes on after them.
      if (code !== 'EPIPE') throw error
    }
  }
  return true
}

/** What is known of each container that has ended. */
export class OomKills {
  readonly #known = new Map<string, Promise<boolean>>()
  /** Has not begun yet. */
  #nextLook: Promise<ReadonlySet<string>> | undefined

  /** Looks once for each container. */
  has(id: string): Promise<boolean> {
    const known = this.#known.get(id) ?? this.#look().then(killed => killed.has(id))
    this.#known.set(id, known)
    return known
  }
  forget(id: string): void {
    this.#known.delete(id)
  }

  /** Those who ask at the same time share it. */
  #look(): Promise<ReadonlySet<string>> {
    this.#nextLook ??= setImmediate().then(() => {
      this.#nextLook = undefined
      return killedForMemory().catch(() => new Set<string>()) // what Docker says is all there is
    })
    return this.#nextLook
  }
}
