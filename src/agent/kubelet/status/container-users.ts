// Which user and groups a container's first process got in the end: what the image, its /etc/group and the pod's
// security context make together.
import { readFile } from 'node:fs/promises'
import type { LinuxContainerUser } from '../../../shared/api/core/v1.ts'
import type { RuntimePod } from '../runtime/contract.ts'

/** Reads it once per container. */
export class ContainerUsers {
  readonly #users = new Map<string, LinuxContainerUser>()

  /** @returns users by container id, for containers that run or ran */
  async of({ containers }: RuntimePod): Promise<ReadonlyMap<string, LinuxContainerUser>> {
    const known = new Set(containers.map(({ id }) => id))
    for (const id of this.#users.keys()) if (!known.has(id)) this.#users.delete(id)
    for (const { id, pid, state } of containers) {
      if (state !== 'running' || this.#users.has(id)) continue
      const user = await userOf(pid)
      if (user) this.#users.set(id, user)
    }
    return this.#users
  }
}

async function userOf(pid: number): Promise<LinuxContainerUser | undefined> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '') // ended meanwhile
  const numbers = (name: string) =>
    new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1]?.trim().split(/\s+/).filter(Boolean).map(Number) ?? []
  const [uid] = numbers('Uid')
  const [gid] = numbers('Gid')
  return uid === undefined || gid === undefined ? undefined : { uid, gid, supplementalGroups: numbers('Groups') }
}
