// A network namespace that stays until the plugins have cleaned up in it, however its sandbox ended.
import { mkdir, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Run } from '../exec.ts'

const identityAt = (path: string): Promise<string | undefined> =>
  stat(path).then(
    ({ dev, ino }) => `${dev}:${ino}`,
    () => undefined,
  )

export class HeldNamespaces {
  readonly #run: Run
  readonly #folder: string

  /** @param folder of files that namespaces are mounted on; emptied by a reboot */
  constructor(run: Run, folder: string) {
    this.#run = run
    this.#folder = folder
  }

  /** @returns what tells a process's namespace from others, undefined when there is no such process */
  identityOf = (pid: number): Promise<string | undefined> => identityAt(namespaceOf(pid))

  /** @returns the path of the process's namespace, which now exists without the process as well */
  async hold(name: string, pid: number): Promise<string> {
    const path = join(this.#folder, name)
    if ((await identityAt(path)) === (await this.identityOf(pid))) return path
    await this.release(name)
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await writeFile(path, '', { mode: 0o600 })
    await this.#run(['mount', '--bind', namespaceOf(pid), path])
    return path
  }

  /** @returns a path of the namespace that was held, or is the process's; '' when it is gone, as after a reboot */
  async pathOf(name: string, pid: number, identity: string): Promise<string> {
    for (const path of [join(this.#folder, name), namespaceOf(pid)])
      if ((await identityAt(path)) === identity) return path
    return ''
  }

  async release(name: string): Promise<void> {
    const path = join(this.#folder, name)
    await this.#run(['umount', '--lazy', path]).catch(() => undefined) // not mounted
    await rm(path, { force: true })
    await rmdir(this.#folder).catch(() => undefined) // others are in it
  }
}

const namespaceOf = (pid: number): string => `/proc/${pid}/ns/net`
