// Links by which log collectors find what containers write, where they look for it on any node:
//
//   containers/POD_NAMESPACE_CONTAINER-ID.log → pods/NAMESPACE_POD_UID/CONTAINER/RESTARTS.log → the engine's own file
//
// They come with a container and go with it. Nothing waits for them.
// @see https://kubernetes.io/docs/concepts/cluster-administration/logging/
import { lstat, mkdir, readdir, readlink, rm, rmdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LOG_FOLDER } from '../../shared/machinery/log-folder.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { PodIdentity, PodOutline } from './runtime/contract.ts'

const MOST_NAME_BYTES = 255
const SUFFIX = '.log'

export interface LogLinksOptions {
  /** Where the node has what pods know as `/var/log`. */
  readonly folder: string
  /** The engine's own folder. */
  readonly engineFolder: string
  /** Where the machine's files are. Default: where this process has its own. */
  readonly root?: string | undefined
  readonly log: Log
}

export interface LoggingContainer {
  readonly id: string
  /** Name in the pod's spec. */
  readonly name: string
  /** How many containers of this name the pod had before. */
  readonly attempt: number
}

export class LogLinks {
  readonly #options: LogLinksOptions
  /** By container: its place below `pods`, and its name in `containers`. */
  readonly #made = new Map<string, { readonly place: string; readonly name: string }>()
  /** Not seen by the engine the last time: one that was asked before they were made did not see them either. */
  #missed: ReadonlySet<string> = new Set()
  #hasLooked = false
  #work: Promise<void> = Promise.resolve()

  constructor(options: LogLinksOptions) {
    this.#options = options
  }

  /** Returns at once. */
  add(pod: PodIdentity, container: LoggingContainer): void {
    this.#then(() => this.#make(pod, container))
  }

  /** Makes what lacks, and removes those of containers that are gone. @param pods all that the engine has */
  sync(pods: readonly PodOutline[]): void {
    this.#then(async () => {
      const there = new Set<string>()
      for (const pod of pods)
        for (const container of pod.containers) {
          there.add(container.id)
          if (!this.#made.has(container.id)) await this.#make(pod, container)
        }
      const missing = [...this.#made].filter(([id]) => !there.has(id))
      for (const [id, links] of missing) if (this.#missed.has(id)) await this.#remove(id, links)
      this.#missed = new Set(missing.map(([id]) => id))
      if (this.#hasLooked) return
      this.#hasLooked = true
      await this.#removeLost()
    })
  }

  /** Removes those of containers that the engine does not have, and the folders if nothing is left in them. */
  async clear(): Promise<void> {
    this.#then(() => this.#removeLost())
    await this.settled()
    for (const name of ['pods', 'containers']) await removeIfEmpty(this.#path(name))
  }

  settled(): Promise<void> {
    return this.#work
  }

  #then(step: () => Promise<void>): void {
    this.#work = this.#work.then(step).catch(error => this.#tell(error))
  }

  #tell(error: unknown): void {
    this.#options.log.debug({ error: String(error) }, 'links to logs not kept')
  }

  #path(...names: string[]): string {
    const { folder, root = '' } = this.#options
    return root + join(folder, ...names)
  }

  async #make(pod: PodIdentity, { id, name, attempt }: LoggingContainer): Promise<void> {
    const place = join(`${pod.namespace}_${pod.name}_${pod.uid}`, name, `${attempt}${SUFFIX}`)
    const shown = `${pod.name}_${pod.namespace}_${name}-${id}`.slice(0, MOST_NAME_BYTES - SUFFIX.length) + SUFFIX
    this.#made.set(id, { place, name: shown })
    const file = join(this.#options.engineFolder, 'containers', id, `${id}-json.log`)
    try {
      await link(file, this.#path('pods', place))
      await link(join(LOG_FOLDER, 'pods', place), this.#path('containers', shown))
    } catch (error) {
      this.#tell(error) // such as names that are too long together
    }
  }

  async #remove(id: string, { place, name }: { readonly place: string; readonly name: string }): Promise<void> {
    this.#made.delete(id)
    // A name that was cut may be that of a newer container by now.
    const shown = this.#path('containers', name)
    if ((await targetOf(shown)) === join(LOG_FOLDER, 'pods', place)) await rm(shown, { force: true })
    await this.#removePlace(place)
  }

  async #removePlace(place: string): Promise<void> {
    await rm(this.#path('pods', place), { force: true })
    await removeIfEmpty(this.#path('pods', dirname(place)))
    await removeIfEmpty(this.#path('pods', dirname(dirname(place))))
  }

  /** Of containers that went while nobody looked. What is no link into the engine's folder is somebody else's. */
  async #removeLost(): Promise<void> {
    const { engineFolder, root = '' } = this.#options
    for (const pod of await namesIn(this.#path('pods')))
      for (const container of await namesIn(this.#path('pods', pod)))
        for (const file of await namesIn(this.#path('pods', pod, container))) {
          const target = await targetOf(this.#path('pods', pod, container, file))
          if (!target?.startsWith(join(engineFolder, 'containers/'))) continue
          if (!(await isThere(root + dirname(target)))) await this.#removePlace(join(pod, container, file))
        }
    for (const name of await namesIn(this.#path('containers'))) {
      const target = await targetOf(this.#path('containers', name))
      const [, place] = target === undefined ? [] : target.split(join(LOG_FOLDER, 'pods/'))
      if (place && !(await isThere(this.#path('pods', place))))
        await rm(this.#path('containers', name), { force: true })
    }
  }
}

async function link(target: string, at: string): Promise<void> {
  await mkdir(dirname(at), { recursive: true, mode: 0o755 })
  await symlink(target, at).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
    if ((await targetOf(at)) === target) return
    await rm(at)
    await symlink(target, at)
  })
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])
const targetOf = (path: string): Promise<string | undefined> => readlink(path).catch(() => undefined)
const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )
const removeIfEmpty = (folder: string): Promise<void> => rmdir(folder).catch(() => undefined) // not empty, or gone
