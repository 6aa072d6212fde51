// Which devices of which resource a pod's containers have, and what comes with them: in one file, so that a restarted
// agent gives nobody a device that somebody has.
import { type FileHandle, open, readFile, rename } from 'node:fs/promises'
import type { ContainerAllocation } from './device-plugin-api.ts'

export interface Allocation {
  readonly deviceIDs: readonly string[]
  readonly response: ContainerAllocation
}

/** Resource → what a container has of it. */
export type OfContainer = ReadonlyMap<string, Allocation>

interface Entry {
  readonly pod: string
  readonly container: string
  readonly resource: string
  readonly allocation: Allocation
}

interface File {
  readonly allocations: readonly Entry[]
  /** Resources that plugins have offered: none of them is taken for somebody else's. */
  readonly resources: readonly string[]
}

export class Allocations {
  readonly #path: string
  readonly #pods = new Map<string, Map<string, Map<string, Allocation>>>()
  #writing: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  /** @returns resources that plugins have offered @throws Error for a file that is none of ours */
  async load(): Promise<readonly string[]> {
    const written = await readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (written === undefined) return []
    const { allocations, resources } = JSON.parse(written) as File
    for (const { pod, container, resource, allocation } of allocations) this.set(pod, container, resource, allocation)
    return resources
  }

  of(pod: string, container: string): OfContainer {
    return this.#pods.get(pod)?.get(container) ?? new Map()
  }

  hasPod(pod: string): boolean {
    return this.#pods.has(pod)
  }

  /** @returns what its containers have now */
  ofPod(pod: string): ReadonlyMap<string, OfContainer> {
    const containers = this.#pods.get(pod) ?? new Map<string, OfContainer>()
    return new Map([...containers].map(([name, resources]) => [name, new Map(resources)]))
  }

  /** What it was given since goes back. */
  restore(pod: string, before: ReadonlyMap<string, OfContainer>): void {
    this.forget(pod)
    for (const [container, resources] of before)
      for (const [resource, allocation] of resources) this.set(pod, container, resource, allocation)
  }

  set(pod: string, container: string, resource: string, allocation: Allocation): void {
    const containers = this.#pods.get(pod) ?? new Map<string, Map<string, Allocation>>()
    this.#pods.set(pod, containers)
    const resources = containers.get(container) ?? new Map<string, Allocation>()
    containers.set(container, resources)
    resources.set(resource, allocation)
  }

  /** Gives back what pods have that are over. */
  retain(isActive: (pod: string) => boolean): void {
    for (const pod of this.#pods.keys()) if (!isActive(pod)) this.#pods.delete(pod)
  }

  forget(pod: string): void {
    this.#pods.delete(pod)
  }

  /** @returns ids of a resource's devices that containers have */
  used(resource: string): Set<string> {
    const all = this.#entries().filter(entry => entry.resource === resource)
    return new Set(all.flatMap(({ allocation }) => allocation.deviceIDs))
  }

  /** @returns uids of pods that have one of the devices */
  podsWith(resource: string, deviceIDs: ReadonlySet<string>): Set<string> {
    const all = this.#entries().filter(
      entry => entry.resource === resource && entry.allocation.deviceIDs.some(id => deviceIDs.has(id)),
    )
    return new Set(all.map(({ pod }) => pod))
  }

  get resources(): Set<string> {
    return new Set(this.#entries().map(({ resource }) => resource))
  }

  #entries(): Entry[] {
    return [...this.#pods].flatMap(([pod, containers]) =>
      [...containers].flatMap(([container, resources]) =>
        [...resources].map(([resource, allocation]) => ({ pod, container, resource, allocation })),
      ),
    )
  }

  /** Resolves when what is now is on the disk. @throws Error when it cannot be written */
  save(resources: Iterable<string>): Promise<void> {
    const known = [...resources]
    const saved = this.#writing.then(() => {
      const file: File = { allocations: this.#entries(), resources: known }
      return writeDurably(this.#path, JSON.stringify(file))
    })
    this.#writing = saved.catch(() => undefined) // told to whoever waits for it
    return saved
  }
}

/** All of it or nothing, also over a power cut. */
export async function writeDurably(path: string, content: string): Promise<void> {
  const next = `${path}.new`
  let file: FileHandle | undefined
  try {
    file = await open(next, 'w', 0o600)
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file?.close()
  }
  await rename(next, path)
}
