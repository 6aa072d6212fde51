// A newer Docker than this machine's, as Debian packages it, run for one lab host.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { unpack } from './debian-packages.ts'
import { eventually, type Host } from './lab.ts'

/** `FLOTILLA_TEST_DOCKER=forky` tries what Debian will have next. */
const release = process.env.FLOTILLA_TEST_DOCKER ?? 'trixie'

export class NewerDocker implements AsyncDisposable {
  readonly #host: Host
  readonly #folder: string
  readonly #root: string
  #daemon: ChildProcess | undefined

  /** @throws when its packages cannot be had */
  constructor(host: Host, folder: string) {
    this.#host = host
    this.#folder = folder
    this.#root = unpack({ folder: `docker-${release}`, names: ['docker.io', 'containerd'], release })
  }

  /** Its containers would have a network of its own; none is run: what counts are its rules. */
  async start(...options: string[]): Promise<void> {
    const path = ['usr/sbin', 'usr/bin'].map(each => join(this.#root, each)).join(':')
    const data = ['--data-root', join(this.#folder, 'docker'), '--storage-driver', 'vfs']
    this.#daemon = this.#host.spawnWithCgroups(
      'env',
      `PATH=${path}:${process.env.PATH ?? ''}`,
      'dockerd',
      ...data,
      ...options,
    )
    await eventually(() => this.#docker('version', '--format', '{{.Server.Version}}'), 60_000)
  }

  /** Its major version. */
  get major(): number {
    return Number.parseInt(this.#docker('version', '--format', '{{.Server.Version}}'))
  }

  async restart(...options: string[]): Promise<void> {
    await this[Symbol.asyncDispose]()
    await this.start(...options)
  }

  /** With the containerd that it started. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#daemon || this.#daemon.exitCode !== null) return
    this.#daemon.kill('SIGTERM')
    await once(this.#daemon, 'exit')
  }

  #docker(...args: string[]): string {
    return this.#host.run('docker', '--host', 'unix:///run/docker.sock', ...args)
  }
}
