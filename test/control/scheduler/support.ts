// A real API server with roles, whose questions about placement a real scheduler answers.
import { createAuthorization } from '../../../src/main/apiserver/authz/authorizers.ts'
import { bootstrapCluster } from '../../../src/main/apiserver/bootstrap/bootstrap.ts'
import { schedulingHandlers } from '../../../src/main/apiserver/endpoints/scheduling/handlers.ts'
import { subresourceHandlers } from '../../../src/main/apiserver/endpoints/subresources.ts'
import { NodeTunnels } from '../../../src/main/apiserver/proxy/node-tunnels.ts'
import type { SchedulerConfiguration } from '../../../src/main/scheduler/config/configuration.ts'
import { SchedulingDesk } from '../../../src/main/scheduler/desk.ts'
import { type Scheduler, startScheduler } from '../../../src/main/scheduler/scheduler.ts'
import { Node, Pod } from '../../../src/shared/api/core/v1.ts'
import {
  PodExplanation,
  type PodExplanationSpec,
  type PodExplanationStatus,
  WhatIf,
  type WhatIfSpec,
  type WhatIfStatus,
} from '../../../src/shared/api/flotilla/scheduling-v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import type { Draft } from '../../../src/shared/machinery/object.ts'
import { type TestApiServer, startTestApiServer, testAdmin } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { type NodeParts, type PodParts, makeNode, makePod } from './fixtures.ts'

export interface SchedulingCluster extends AsyncDisposable {
  readonly api: TestApiServer
  readonly client: Client
  readonly scheduler: Scheduler
  addNode(name: string, parts?: NodeParts): Promise<void>
  addPod(name: string, parts?: PodParts & { owner?: { kind: string; name: string } }): Promise<Pod>
  /** Waits until the pod is on a node. */
  bound(name: string): Promise<string>
  explain(spec: PodExplanationSpec, client?: Client): Promise<PodExplanationStatus>
  whatIf(spec: WhatIfSpec, client?: Client): Promise<WhatIfStatus>
}

/** The first answer that is not false. */
export const until = async <T>(check: () => Promise<T | false>): Promise<T> => (await eventually(check)) as T

/** @param options.passive nobody places pods: a watching scheduler answers */
export async function startSchedulingCluster(
  options: { passive?: boolean; configuration?: SchedulerConfiguration } = {},
): Promise<SchedulingCluster> {
  const errors: unknown[] = []
  const start = (passive: boolean) =>
    startScheduler({
      client: api.clientAs({ name: 'system:kube-scheduler', groups: ['system:authenticated'] }),
      clock: systemClock,
      passive,
      ...(options.configuration ? { configuration: options.configuration } : {}),
      onError: error => errors.push(error),
    })
  const desk = new SchedulingDesk(() => start(true))
  const disposables: Disposable[] = []
  const api: TestApiServer = await startTestApiServer({
    subresources: [
      ...subresourceHandlers({ tunnels: new NodeTunnels(systemClock) }),
      ...schedulingHandlers({ questions: desk, clientFor: user => api.clientAs(user) }),
    ],
    withStore: store => {
      const authorization = createAuthorization(store)
      disposables.push(authorization)
      return { authorizers: authorization.authorizers }
    },
  })
  await bootstrapCluster(api.server.context, {
    user: testAdmin,
    clusterInfo: { url: api.url, caPem: api.pki.caPem },
    network: { kubernetesServiceIP: '10.96.0.1', clusterDNSs: ['10.96.0.10'], serviceCIDRs: ['10.96.0.0/16'] },
  })
  const client = api.clientAs()
  const scheduler = options.passive ? await start(true) : desk.serve(await start(false))
  const draft = <T extends Node | Pod>({ apiVersion: _a, kind: _k, metadata, ...rest }: T) => {
    const { uid: _uid, ...meta } = metadata
    return { metadata: meta, ...rest } as unknown as Draft<T>
  }
  return {
    api,
    client,
    scheduler,
    async addNode(name, parts) {
      const { status } = makeNode(name, parts)
      await client.create(Node, draft(makeNode(name, parts)))
      await client.patch(Node, { name }, { status }, { type: 'merge', subresource: 'status' })
      await eventually(() => Object.keys(scheduler.sight.view.node(name)?.node?.status.allocatable ?? {}).length > 0)
    },
    async addPod(name, { owner, ...parts } = {}) {
      const pod = draft(makePod(name, parts))
      const reference = { apiVersion: 'apps/v1', uid: `uid-of-${owner?.name}`, controller: true }
      if (owner) Object.assign(pod.metadata, { ownerReferences: [{ ...reference, ...owner }] })
      return client.create(Pod, pod)
    },
    bound: name =>
      until(async () => {
        const { nodeName } = (await client.get(Pod, { namespace: 'default', name })).spec
        return nodeName ? nodeName : false
      }),
    explain: async (spec, as = client) =>
      (await as.create(PodExplanation, { metadata: { namespace: 'default' }, spec })).status,
    whatIf: async (spec, as = client) => (await as.create(WhatIf, { metadata: {}, spec })).status,
    async [Symbol.asyncDispose]() {
      await scheduler[Symbol.asyncDispose]()
      await desk[Symbol.asyncDispose]()
      await api[Symbol.asyncDispose]()
      for (const disposable of disposables) disposable[Symbol.dispose]()
      if (errors.length > 0) throw new AggregateError(errors, 'the scheduler failed')
    },
  }
}
