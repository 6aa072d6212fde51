// One node: the real agent over real Docker against the real API server; the network is the test's own.
import { readFileSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type RunningAgent, startAgent } from '../../../src/agent/agent.ts'
import { readConfig } from '../../../src/agent/config.ts'
import { subresourceHandlers } from '../../../src/main/apiserver/endpoints/subresources.ts'
import { NodeTunnels } from '../../../src/main/apiserver/proxy/node-tunnels.ts'
import type { ShutdownSource } from '../../../src/agent/kubelet/shutdown/logind.ts'
import { hostTools, unmountBelow } from '../../../src/agent/kubelet/volumes/mounts.ts'
import { Namespace, Pod, type PodSpec, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { type Clock, systemClock } from '../../../src/shared/machinery/clock.ts'
import { silentLog } from '../../../src/shared/machinery/log.ts'
import { isAlreadyExists } from '../../../src/shared/machinery/status.ts'
import { type TestApiServer, startTestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { busyboxImage } from '../../support/images.ts'
import { TestNetwork, docker, temporaryFolder } from './node.ts'

/** Enough for a machine that does much else. */
const SLOW_MS = 60_000

export class TestNode implements AsyncDisposable {
  readonly image = busyboxImage()
  readonly nodeName = `test-${Math.random().toString(36).slice(2, 8)}`
  readonly network = new TestNetwork()
  readonly folder = temporaryFolder()
  readonly tunnels = new NodeTunnels(systemClock)
  api!: TestApiServer
  agent!: RunningAgent
  client!: Client
  #server!: Server
  #apiStopped = false

  static async start(): Promise<TestNode> {
    const node = new TestNode()
    node.api = await startTestApiServer({
      subresources: subresourceHandlers({ tunnels: node.tunnels }),
    })
    node.client = node.api.clientAs()
    for (const name of ['default', 'kube-node-lease'])
      await node.client.create(Namespace, { metadata: { name }, spec: {} }).catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error
      })
    await node.client
      .create(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } })
      .catch(() => undefined)
    await node.startAgent()
    node.#server = createServer({ allowHalfOpen: true }, socket => node.agent.accept(socket))
    await new Promise<void>(resolve => node.#server.listen(0, '127.0.0.1', resolve))
    return node
  }

  /** @param settings of the agent's configuration, beside what every test node has */
  async startAgent(settings: object = {}, clock: Clock = systemClock, shutdowns?: ShutdownSource): Promise<void> {
    const file = (name: string, text: string) => {
      const path = join(this.folder.path, name)
      writeFileSync(path, text, { mode: 0o600 })
      return path
    }
    const path = file(
      'config.json',
      JSON.stringify({
        nodeName: this.nodeName,
        servers: [this.api.url],
        caFile: file('ca.crt', this.api.pki.caPem),
        certFile: file('agent.crt', this.api.pki.admin.certPem),
        keyFile: file('agent.key', this.api.pki.admin.keyPem),
        dataDir: join(this.folder.path, 'data'),
        dockerSocket: '/var/run/docker.sock',
        kubeletBindAddress: '',
        logFolder: join(this.folder.path, 'data/log'),
        ...settings,
      }),
    )
    const stay = { ...this.network, [Symbol.asyncDispose]: () => Promise.resolve() }
    this.agent = await startAgent({
      config: readConfig(path),
      clock,
      log: process.env.FLOTILLA_TEST_LOG ? consoleLog : silentLog,
      volumeRefreshMs: 500,
      housekeepingMs: 500,
      network: () => Promise.resolve(stay),
      ...(shutdowns ? { shutdowns } : {}),
    })
  }

  /** For good: the control plane is away. */
  async stopApi(): Promise<void> {
    this.#apiStopped = true
    await this.api[Symbol.asyncDispose]()
  }

  stopAgent = () => this.agent[Symbol.asyncDispose]()

  /** URL of the kubelet's API. */
  get kubeletUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Creates a pod on this node; its one container sleeps unless the spec says otherwise. */
  async run(name: string, spec: Partial<PodSpec> = {}): Promise<Pod> {
    return this.client.create(Pod, {
      metadata: { name, namespace: 'default' },
      spec: {
        nodeName: this.nodeName,
        terminationGracePeriodSeconds: 1,
        automountServiceAccountToken: false,
        containers: [this.container()],
        ...spec,
      },
    })
  }
  container = (script = 'trap exit TERM; sleep 100000 & wait', name = 'main') => ({
    name,
    image: this.image,
    imagePullPolicy: 'Never',
    command: ['sh', '-c', script],
  })

  get = (name: string) => this.client.get(Pod, { namespace: 'default', name })

  /** Polls the API until the pod is as wanted. */
  async until(name: string, what: (pod: Pod) => boolean, timeoutMs = SLOW_MS): Promise<Pod> {
    let last: Pod | undefined
    try {
      return (await eventually(async () => {
        last = await this.get(name)
        return what(last) && last
      }, timeoutMs)) as Pod
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}\n${JSON.stringify(last?.status, null, 1)}`)
    }
  }
  ready = (name: string) => this.until(name, pod => isReady(pod))

  /** Deletes the pod and waits until nothing of it is left. */
  async remove(name: string): Promise<void> {
    const pod = await this.get(name)
    await this.client.delete(Pod, { namespace: 'default', name })
    await eventually(async () => {
      const { items } = await this.client.list(Pod, { namespace: 'default' })
      return !items.some(({ metadata }) => metadata.name === name)
    }, SLOW_MS)
    await eventually(
      () => docker('ps', '-aq', '--filter', `label=io.kubernetes.pod.uid=${pod.metadata.uid}`) === '',
      SLOW_MS,
    )
  }

  /**
   * Of this node alone: others run beside it on the same Docker.
   * @param args of `docker ps`
   * @returns a line of each that runs, its id alone, unless `args` say otherwise
   */
  containers(...args: string[]): string[] {
    const instance = readFileSync(join(this.folder.path, 'data', 'instance-id'), 'utf8').trim()
    const own = ['--filter', `label=dev.flotilla.instance=${instance}`]
    return docker('ps', '--format', '{{.ID}}', ...own, ...args)
      .split('\n')
      .filter(Boolean)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgent()
    this.#server.close()
    const all = this.containers('--all')
    if (all.length > 0) docker('rm', '-f', ...all)
    await unmountBelow(this.folder.path, hostTools)
    await this.network[Symbol.asyncDispose]()
    await this.tunnels[Symbol.asyncDispose]()
    if (!this.#apiStopped) await this.api[Symbol.asyncDispose]()
    this.folder.remove()
  }
}

const consoleLog = {
  debug: (fields: object, message: string) => console.log('debug', message, fields),
  info: (fields: object, message: string) => console.log('info', message, fields),
  warn: (fields: object, message: string) => console.log('warn', message, fields),
  error: (fields: object, message: string) => console.log('error', message, fields),
}

export const isReady = (pod: Pod): boolean =>
  pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
export const statusOf = (pod: Pod, name = 'main') =>
  [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])].find(
    status => status.name === name,
  )!
