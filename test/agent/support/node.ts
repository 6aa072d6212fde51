// One node for tests: the real kubelet over real Docker against the real API server; only the network is simpler, an
// interface pair of the test's own per pod.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { PodSandbox } from '../../../src/agent/contracts.ts'
import type { NodeNetwork } from '../../../src/agent/kubelet/parts.ts'

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** Routed interface pairs out of a range of the test's own; `close` removes them. */
export class TestNetwork implements NodeNetwork, AsyncDisposable {
  readonly #prefix: string
  readonly #pods = new Map<string, { ip: string; link: string }>()
  #next = 2

  constructor(prefix = `10.${210 + Math.floor(Math.random() * 40)}.${Math.floor(Math.random() * 250)}`) {
    this.#prefix = prefix
  }

  readonly relayed = () => []
  readonly arrivals = () => Promise.resolve(false)
  readonly acceptRelay = (_nodeName: string, stream: Duplex) => void stream.destroy()

  readonly podNetwork = {
    problem: undefined as string | undefined,
    retain: () => Promise.resolve(),
    setUp: ({ uid, pid }: PodSandbox) => {
      const known = this.#pods.get(uid)
      const address = known?.ip ?? `${this.#prefix}.${this.#next++}`
      const link = known?.link ?? `ft${Math.random().toString(36).slice(2, 10)}`
      this.#pods.set(uid, { ip: address, link })
      try {
        ip('link', 'del', link)
      } catch {
        // the first time
      }
      ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid))
      ip('link', 'set', link, 'up')
      ip('address', 'add', '169.254.77.1/32', 'dev', link)
      const inside = (...args: string[]) => execFileSync('nsenter', ['-t', String(pid), '-n', 'ip', ...args])
      inside('link', 'set', 'lo', 'up')
      inside('address', 'add', `${address}/32`, 'dev', 'eth0')
      inside('link', 'set', 'eth0', 'up')
      inside('route', 'add', '169.254.77.1', 'dev', 'eth0')
      inside('route', 'add', 'default', 'via', '169.254.77.1')
      ip('route', 'add', `${address}/32`, 'dev', link)
      return Promise.resolve({ ips: [address] })
    },
    tearDown: (uid: string) => {
      const known = this.#pods.get(uid)
      this.#pods.delete(uid)
      if (known)
        try {
          ip('link', 'del', known.link)
        } catch {
          // gone with its namespace
        }
      return Promise.resolve()
    },
    addressesOf: (uid: string) => {
      const known = this.#pods.get(uid)
      return known && { ips: [known.ip] }
    },
  }
  hostPorts = () => Promise.resolve()
  readonly isolate = () => Promise.resolve()
  readonly metrics = () => Promise.resolve('')
  readonly connections = () => Promise.resolve({ node: 'test', since: '', time: '', edges: [], denied: [] })

  async [Symbol.asyncDispose](): Promise<void> {
    for (const uid of [...this.#pods.keys()]) await this.podNetwork.tearDown(uid)
  }
}

export const docker = (...args: string[]): string => execFileSync('docker', args, { encoding: 'utf8' }).trim()

/** @returns the name of an image with a few files more; whoever made it removes it */
export function imageWithFiles(base: string, files: Readonly<Record<string, string>>): string {
  const name = `flotilla-test/${randomBytes(4).toString('hex')}:1`
  const container = docker('create', base, 'none')
  const folder = temporaryFolder()
  try {
    for (const [path, text] of Object.entries(files)) {
      writeFileSync(join(folder.path, 'file'), text)
      docker('cp', join(folder.path, 'file'), `${container}:${path}`)
    }
    docker('commit', container, name)
  } finally {
    docker('rm', container)
    folder.remove()
  }
  return name
}

/** A folder of the test's own. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'flotilla-agent-'))
  mkdirSync(path, { recursive: true })
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
