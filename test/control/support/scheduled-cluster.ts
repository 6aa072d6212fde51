// The control plane with its scheduler, and nodes of which the test plays the kubelets.
import { type Scheduler, startScheduler } from '../../../src/main/scheduler/scheduler.ts'
import { Node, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { eventually } from '../../support/eventually.ts'
import { type Cluster, startCluster } from './cluster.ts'

export interface ScheduledCluster extends Cluster {
  readonly scheduler: Scheduler
}

/**
 * With the nodes a and b, in which the namespace default takes pods.
 * @param faulty puts faults between the scheduler and the server
 */
export async function startScheduledCluster(faulty = (client: Client) => client): Promise<ScheduledCluster> {
  const cluster = await startCluster()
  await eventually(() => cluster.client.get(ServiceAccount, { namespace: 'default', name: 'default' }))
  for (const name of ['a', 'b']) await addNode(cluster.client, name)
  const errors: unknown[] = []
  const scheduler = await startScheduler({
    client: faulty(cluster.api.clientAs({ name: 'system:kube-scheduler', groups: ['system:authenticated'] })),
    clock: systemClock,
    onError: error => errors.push(error),
  })
  return {
    ...cluster,
    scheduler,
    async [Symbol.asyncDispose]() {
      await scheduler[Symbol.asyncDispose]()
      await cluster[Symbol.asyncDispose]()
      if (errors.length > 0) throw new AggregateError(errors, 'the scheduler failed')
    },
  }
}

export async function addNode(client: Client, name: string): Promise<void> {
  await client.create(Node, {
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name },
      annotations: { 'flotilla.dev/local-volumes-path': '/var/lib/flotilla/volumes' },
    },
    spec: {},
  })
  const status = {
    allocatable: { cpu: '8', memory: '16Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True' }],
  }
  await client.patch(Node, { name }, { status }, { type: 'merge', subresource: 'status' })
  // Nobody renews these nodes' leases: without the taint of new nodes, pods may come at once.
  await client.patch(Node, { name }, { spec: { taints: null } }, { type: 'merge' })
}
