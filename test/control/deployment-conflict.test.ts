// A Deployment that somebody else changes while its controller is at it.
import { expect, test } from 'vitest'
import { DeploymentController } from '../../src/main/controllers/deployment/controller.ts'
import { ObservedTime } from '../../src/shared/machinery/observed-time.ts'
import { Deployment, ReplicaSet } from '../../src/shared/api/apps/v1.ts'
import { Namespace } from '../../src/shared/api/core/v1.ts'
import type { Client } from '../../src/shared/client/client.ts'
import { controller } from '../../src/shared/client/reconciler.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { startTestApiServer } from '../support/api-server.ts'
import { eventually } from '../support/eventually.ts'
import { eventsAbout } from './support/cluster.ts'
import { runControllers } from './support/run-controllers.ts'

const ref = { namespace: 'default', name: 'web' }

test('one that is scaled while its ReplicaSet is made is not told that this failed', async () => {
  await using api = await startTestApiServer()
  const client = api.clientAs()
  await client.create(Namespace, { metadata: { name: 'default' }, spec: {} })
  let scaled = 0
  const create: Client['create'] = async (type, object, options) => {
    const created = await client.create(type, object, options)
    // As an autoscaler may, between the set and the status that names it.
    if (type.kind === ReplicaSet.kind) await client.patch(Deployment, ref, { spec: { replicas: 2 + ++scaled } })
    return created
  }
  const busy: Client = { ...client, create }
  const deployments = controller(new DeploymentController(new ObservedTime(systemClock)))
  await using _manager = await runControllers(busy, systemClock, [deployments])
  const labels = { app: 'web' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } }
  await client.create(Deployment, { metadata: ref, spec: { replicas: 1, selector: { matchLabels: labels }, template } })
  await eventually(async () => {
    const { items } = await client.list(ReplicaSet, { namespace: 'default' })
    expect(items.map(({ spec }) => spec.replicas)).toEqual([3])
    const { metadata, status } = await client.get(Deployment, ref)
    expect(status.observedGeneration).toBe(metadata.generation)
    expect(conditionOf(status.conditions, 'Progressing')?.status).toBe('True')
  })
  await eventually(async () => {
    const told = await eventsAbout(client, 'default', 'web')
    expect(told.join()).toContain('Scaled up replica set web-')
    expect(told.join()).not.toContain('ReplicaSetCreateError')
  })
  expect(scaled).toBe(1)
})
