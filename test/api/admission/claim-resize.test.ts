// PersistentVolumeClaimResize: which claims may ask for more than they did.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PersistentVolumeClaim } from '../../../src/shared/api/core/v1.ts'
import { StorageClass } from '../../../src/shared/api/storage/v1.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'

let cluster: SecuredCluster
const namespace = 'default'
beforeAll(async () => {
  cluster = await startSecuredCluster()
  for (const [name, allowVolumeExpansion] of [
    ['grows', true],
    ['stays', false],
  ] as const)
    await cluster.admin.create(StorageClass, { metadata: { name }, provisioner: 'example.com/x', allowVolumeExpansion })
})
afterAll(() => cluster[Symbol.asyncDispose]())

let made = 0
async function claim(storageClassName: string, phase: string) {
  const { metadata } = await cluster.admin.create(PersistentVolumeClaim, {
    metadata: { name: `claim-${made++}`, namespace },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName },
  })
  const status = { phase, capacity: { storage: '1Gi' } }
  await cluster.admin.patch(PersistentVolumeClaim, metadata, { status }, { type: 'merge', subresource: 'status' })
  return (change: object) => cluster.admin.patch(PersistentVolumeClaim, metadata, change, { type: 'merge' })
}
const asking = (storage: string) => ({ spec: { resources: { requests: { storage } } } })

test('a bound claim of a class that allows it may ask for more, and takes nothing back of what it has', async () => {
  const change = await claim('grows', 'Bound')
  expect((await change(asking('2Gi'))).spec.resources?.requests).toEqual({ storage: '2Gi' })
  expect((await failure(change(asking('512Mi')))).code).toBe(422)
})

test.each([
  ['one of a class that does not allow it', 'stays', 'Bound', 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize'],
  ['one of a class that is not there', 'gone', 'Bound', 'only dynamically provisioned pvc can be resized'],
  ['one of no class', '', 'Bound', 'only dynamically provisioned pvc can be resized'],
])('%s may not, and is changed otherwise as ever', async (_what, storageClassName, phase, why) => {
  const change = await claim(storageClassName, phase)
  const { code, message } = await failure(change(asking('2Gi')))
  expect([code, message]).toEqual([403, expect.stringContaining(why)])
  expect((await change({ metadata: { labels: { a: 'b' } } })).metadata.labels).toEqual({ a: 'b' })
}) // prettier-ignore

test('a claim that is not bound yet keeps its size', async () => {
  const change = await claim('grows', 'Pending')
  const { code, message } = await failure(change(asking('2Gi')))
  expect([code, message]).toEqual([422, expect.stringContaining('spec is immutable after creation except')])
})
