// The real API server with roles, admission and bootstrap objects on a real store, and the real controllers: a whole
// control plane without scheduler and nodes. Tests play the kubelet by writing pod statuses.
import { createAdmission } from '../../../src/main/apiserver/admission/plugins.ts'
import { createAuthorization } from '../../../src/main/apiserver/authz/authorizers.ts'
import { bootstrapCluster } from '../../../src/main/apiserver/bootstrap/bootstrap.ts'
import { subresourceHandlers } from '../../../src/main/apiserver/endpoints/subresources.ts'
import type { MetricsCollector } from '../../../src/main/apiserver/metrics-api/collector.ts'
import { NodeTunnels } from '../../../src/main/apiserver/proxy/node-tunnels.ts'
import type { ControllerChoice } from '../../../src/main/controllers/choice.ts'
import { startControllers } from '../../../src/main/controllers/index.ts'
import { Event, Pod } from '../../../src/shared/api/core/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import type { ControllerManager } from '../../../src/shared/client/controller-manager.ts'
import { type Clock, systemClock } from '../../../src/shared/machinery/clock.ts'
import { silentLog } from '../../../src/shared/machinery/log.ts'
import { type TestApiServer, startTestApiServer, testAdmin } from '../../support/api-server.ts'

export interface Cluster extends AsyncDisposable {
  readonly api: TestApiServer
  /** The admin's. */
  readonly client: Client
  readonly controllers: ControllerManager
  /** What the controllers failed at, and tried again. */
  readonly warnings: string[]
  /** Controller → how often it looked at an object. */
  readonly looks: ReadonlyMap<string, number>
}

/** Dual-stack: what asks for nothing else is IPv4. */
const SERVICES = ['10.96.0.0/16', 'fd00:10:96::/112']

export interface ClusterOptions {
  readonly clock?: Clock
  readonly metrics?: MetricsCollector
  readonly choice?: ControllerChoice
}

/** @param options.clock that of the controllers; the server's is the system's */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { clock = systemClock, metrics, choice } = options
  const disposables: Disposable[] = []
  const tunnels = new NodeTunnels(systemClock)
  const api = await startTestApiServer({
    names: ['203.0.113.1'],
    subresources: subresourceHandlers({ tunnels, ...(metrics ? { metrics } : {}) }),
    withStore: store => {
      const authorization = createAuthorization(store)
      const admission = createAdmission({ store, serviceCIDRs: SERVICES, nodes: tunnels })
      disposables.push(authorization, admission)
      return { authorizers: authorization.authorizers, admission: admission.plugins }
    },
  })
  await bootstrapCluster(api.server.context, {
    user: testAdmin,
    clusterInfo: { url: api.url, caPem: api.pki.caPem },
    network: { kubernetesServiceIP: '10.96.0.1', clusterDNSs: ['10.96.0.10'], serviceCIDRs: SERVICES },
  })
  const warnings: string[] = []
  const log = {
    ...silentLog,
    warn: (fields: object, message: string) => warnings.push(message + JSON.stringify(fields)),
  }
  const looks = new Map<string, number>()
  const controllers = startControllers({
    metrics: { reconciled: name => looks.set(name, (looks.get(name) ?? 0) + 1) },
    client: api.clientAs({ name: 'system:kube-controller-manager', groups: ['system:authenticated'] }),
    clientFor: name =>
      api.clientAs({
        name: `system:serviceaccount:kube-system:${name}`,
        groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
      }),
    clock,
    log,
    ...(choice && { choice }),
    rootCa: api.pki.caPem,
    pki: api.pki,
    clusterCidrs: ['10.244.0.0/16', 'fd00:10:244::/48'],
    serviceCidrs: SERVICES,
    signToken: async ({ namespace, serviceAccount, secret }) => {
      const boundTo = { kind: 'Secret' as const, ...secret }
      const { issue, apiAudiences: audiences } = api.server.tokens
      return (await issue({ namespace, serviceAccount, audiences, expirationSeconds: undefined, boundTo })).token
    },
  })
  await controllers.ready()
  return {
    api,
    client: api.clientAs(),
    controllers,
    warnings,
    looks,
    async [Symbol.asyncDispose]() {
      await controllers[Symbol.asyncDispose]()
      for (const part of disposables) part[Symbol.dispose]()
      await api[Symbol.asyncDispose]()
    },
  }
}

/** What a kubelet would report for a pod that runs and passes its probes, or does not. */
export async function reportPod(
  client: Client,
  pod: Pod,
  ready = true,
  ip = '10.244.0.9',
  ...more: string[]
): Promise<Pod> {
  const { namespace, name } = pod.metadata
  const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  const condition = { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: time }
  const status = {
    phase: 'Running',
    podIP: ip,
    podIPs: [ip, ...more].map(each => ({ ip: each })),
    conditions: [condition],
  }
  return client.patch(Pod, { namespace, name }, { status }, { subresource: 'status', type: 'merge' })
}

export const podsIn = async (client: Client, namespace: string, labelSelector?: string): Promise<readonly Pod[]> =>
  (await client.list(Pod, { namespace, ...(labelSelector ? { labelSelector } : {}) })).items

/** `reason: message` of the events about an object. */
export async function eventsAbout(client: Client, namespace: string, name: string): Promise<string[]> {
  const { items } = await client.list(Event, { namespace })
  return items.filter(e => e.involvedObject.name === name).map(e => `${e.reason}: ${e.message}`)
}
