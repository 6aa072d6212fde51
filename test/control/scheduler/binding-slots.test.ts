// Pods whose volumes take their time must not keep the others from being bound.
import { expect, test } from 'vitest'
import { PersistentVolumeClaim } from '../../../src/shared/api/core/v1.ts'
import { StorageClass } from '../../../src/shared/api/storage/v1.ts'
import { eventually } from '../../support/eventually.ts'
import { startSchedulingCluster } from './support.ts'

test('more pods than may be bound at a time wait for volumes that nobody makes, and another is bound', async () => {
  await using cluster = await startSchedulingCluster()
  const { client, scheduler } = cluster
  await cluster.addNode('a', { allocatable: { pods: '1000' } })
  await client.create(StorageClass, {
    metadata: { name: 'never' },
    provisioner: 'example.com/nobody',
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  await eventually(() => scheduler.sight.listers.storageClasses.get({ name: 'never' }) !== undefined)
  const names = Array.from({ length: 260 }, (_, i) => `w${i}`)
  for (const name of names)
    await client.create(PersistentVolumeClaim, {
      metadata: { name, namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'never', resources: { requests: { storage: '1Gi' } } },
    })
  for (const name of names)
    await cluster.addPod(name, { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: name } }] } })
  // All of them have their node and wait for their volumes.
  await eventually(() => scheduler.sight.view.node('a')?.pods.size === 260)
  await cluster.addPod('plain')
  expect(await cluster.bound('plain')).toBe('a')
  expect(scheduler.sight.view.node('a')?.pods.size).toBe(261)
})
