import { expect, test } from 'vitest'
import { Node, Pod, type PodSpec } from '../../../src/shared/api/core/v1.ts'
import { startSchedulingCluster, until } from './support.ts'

test('a pod that restarts as a whole waits for a node whose agent does that, and goes there once one declares it', async () => {
  await using cluster = await startSchedulingCluster()
  await cluster.addNode('older')
  const exitCodes = { operator: 'In', values: [7] }
  const restartPolicyRules = [{ action: 'RestartAllContainers', exitCodes }]
  const container = { name: 'c', image: 'i', restartPolicy: 'Never', restartPolicyRules }
  await cluster.addPod('whole', { spec: { containers: [container] } as Partial<PodSpec> })
  await until(async () => {
    const { status } = await cluster.client.get(Pod, { namespace: 'default', name: 'whole' })
    return status.conditions?.some(({ message }) =>
      message?.startsWith("0/1 nodes are available: 1 node(s) didn't match Pod's required features."),
    )
  })
  const status = { declaredFeatures: ['RestartAllContainersOnContainerExits'] }
  await cluster.client.patch(Node, { name: 'older' }, { status }, { type: 'merge', subresource: 'status' })
  expect(await cluster.bound('whole')).toBe('older')
})
