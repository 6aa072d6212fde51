// API server, controllers and provisioning in this process, over a real store: for tests that decide which agent is
// sent, cut connections at a chosen moment, or stop and start the control plane.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AnswerDesk } from '../../../src/main/provisioning/answers.ts'
import { agentFiles } from '../../../src/main/provisioning/agent-files.ts'
import { openOwnKey } from '../../../src/main/provisioning/own-key.ts'
import { Provisioner } from '../../../src/main/provisioning/provisioner.ts'
import { Node } from '../../../src/shared/api/core/v1.ts'
import {
  Host,
  HostOperation,
  type HostOperationSpec,
  type HostOperationStatus,
} from '../../../src/shared/api/flotilla/v1.ts'
import { Informer } from '../../../src/shared/client/informer.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { isConditionTrue } from '../../../src/shared/machinery/conditions.ts'
import { silentLog } from '../../../src/shared/machinery/log.ts'
import { type Cluster, startCluster } from '../../control/support/cluster.ts'
import { eventually } from '../../support/eventually.ts'
import type { HostLab, LabHost } from '../lab/lab.ts'

const BUILT = new URL('../../../out/agent', import.meta.url).pathname
const ENDED = ['Succeeded', 'Failed', 'Cancelled']

export class HostsControlPlane implements AsyncDisposable {
  readonly cluster: Cluster
  readonly #lab: HostLab
  #provisioner: Provisioner | undefined
  readonly desk = new AnswerDesk()

  /** Lets in who provisions; `start` gave it to root. */
  readonly publicKey: string

  private constructor(cluster: Cluster, lab: HostLab, publicKey: string) {
    this.publicKey = publicKey
    this.cluster = cluster
    this.#lab = lab
  }

  /** @param host is let in without questions */
  static async start(lab: HostLab, hosts: readonly LabHost[]): Promise<HostsControlPlane> {
    const key = lab.key('control-plane-key')
    mkdirSync(join(lab.folder, '.ssh'), { recursive: true, mode: 0o700 })
    writeFileSync(join(lab.folder, '.ssh', 'config'), `IdentityFile ${key.path}\n`)
    for (const host of hosts) host.authorize('root', key.publicKey)
    const plane = new HostsControlPlane(await startCluster(), lab, key.publicKey)
    await plane.startProvisioning()
    return plane
  }

  /** @param resumePausesMs none, unless told: an operation whose connection is cut off ends there */
  async startProvisioning(agentFolder = BUILT, resumePausesMs: readonly number[] = []): Promise<void> {
    const { api } = this.cluster
    this.#provisioner = new Provisioner({
      client: api.clientAs({
        name: 'system:serviceaccount:kube-system:host-controller',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
      }),
      clock: systemClock,
      log: silentLog,
      desk: this.desk,
      files: agentFiles(agentFolder),
      ownKey: await openOwnKey(join(this.#lab.folder, 'own'), 'test'),
      cluster: {
        caPem: api.pki.caPem,
        servers: [],
        clusterCIDR: '10.244.0.0/16',
        serviceCIDR: '10.96.0.0/16',
        kubernetesServiceIP: '10.96.0.1',
        clusterCIDRs: ['10.244.0.0/16'],
        serviceCIDRs: ['10.96.0.0/16'],
        clusterDNSs: ['10.96.0.10'],
        clusterDNS: '10.96.0.10',
        clusterDomain: 'cluster.local',
        networkBackend: 'auto',
      },
      apiServer: { host: '127.0.0.1', port: api.port },
      home: this.#lab.folder,
      resumePausesMs,
    })
    this.#provisioner.start()
  }

  async stopProvisioning(): Promise<void> {
    await this.#provisioner?.[Symbol.asyncDispose]()
    this.#provisioner = undefined
  }

  /** A folder with an agent that is not the built one. @param runtime a script instead of the built runtime */
  agentWith(name: string, text: string, runtime?: string): string {
    const folder = join(this.#lab.folder, name)
    mkdirSync(folder)
    writeFileSync(join(folder, 'agent.cjs'), text)
    const place = join(folder, 'runtime')
    if (runtime === undefined) symlinkSync(join(BUILT, 'runtime'), place)
    else for (const architecture of ['x64', 'arm64']) writeRuntime(join(place, architecture), runtime)
    return folder
  }

  async addHost(host: LabHost, name = host.name, { user = 'root', address = host.ip } = {}): Promise<void> {
    const at = address.includes(':') ? `[${address}]` : address
    await this.cluster.client.create(Host, { metadata: { name }, spec: { address: `${user}@${at}` } })
    // As somebody who has compared the fingerprint beforehand.
    const hostKeys = [{ endpoint: `${at}:22`, fingerprint: host.hostKey() }]
    await this.cluster.client.patch(Host, { name }, { status: { hostKeys } }, { type: 'merge', subresource: 'status' }) // prettier-ignore
  }

  /** Starts an approved operation and waits for its end. @param onChange sees every state on the way */
  async operate(
    hostName: string,
    action: string,
    onChange: (status: HostOperationStatus) => void = () => undefined,
    more: Partial<HostOperationSpec> = {},
  ): Promise<HostOperationStatus> {
    const { client } = this.cluster
    const { metadata } = await client.create(HostOperation, {
      metadata: { generateName: `${hostName}-` },
      spec: { hostName, action, approved: true, ...more },
    })
    const stop = new AbortController()
    const informer = new Informer(client, HostOperation, { fieldSelector: `metadata.name=${metadata.name}` })
    try {
      return await new Promise(resolve => {
        const look = ({ status }: HostOperation) => {
          onChange(status)
          if (ENDED.includes(status.phase ?? '')) resolve(status)
        }
        informer.on({ added: look, updated: look })
        void informer.start(stop.signal)
      })
    } finally {
      stop.abort()
    }
  }

  host = (name: string): Promise<Host> => this.cluster.client.get(Host, { name })

  /** Waits for a state of the host. */
  until = (name: string, phase: string, timeoutMs = 60_000): Promise<boolean> =>
    eventually(async () => (await this.host(name)).status.phase === phase, timeoutMs)

  async isNodeReady(name: string): Promise<boolean> {
    const node = await this.cluster.client.get(Node, { name })
    return isConditionTrue(node.status.conditions, 'Ready')
  }

  /** Asks the kubelet of a node something, through its own connection. */
  kubelet = (name: string): Promise<unknown> => this.cluster.client.raw('GET', `/api/v1/nodes/${name}/proxy/healthz`)

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopProvisioning()
    this.desk[Symbol.dispose]()
    await this.cluster[Symbol.asyncDispose]()
  }
}

function writeRuntime(folder: string, script: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'node'), script, { mode: 0o755 })
  execFileSync('tar', ['-C', folder, '-czf', join(folder, 'node.tar.gz'), 'node'])
  const sha256 = createHash('sha256').update(script).digest('hex')
  writeFileSync(join(folder, 'runtime.json'), JSON.stringify({ sha256, bytes: script.length }))
}
