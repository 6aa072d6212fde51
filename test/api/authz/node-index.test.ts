// What the pods of a node refer to, followed through what changes about them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pod } from '../../../src/shared/api/core/v1.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { NodeIndex } from '../../../src/main/apiserver/authz/node/node-index.ts'
import type { ObjectStore } from '../../../src/main/store/contract.ts'
import { openNedbEngine } from '../../../src/main/store/nedb/engine.ts'
import { openObjectStore } from '../../../src/main/store/object-store.ts'
import { tempFolder, type TempFolder } from '../../store/temp-folder.ts'

const KEY = '/registry/core/pods/default/a'
let store: ObjectStore
let folder: TempFolder
beforeAll(async () => {
  folder = await tempFolder()
  store = await openObjectStore(await openNedbEngine({ dataDir: folder.path }), { compactEveryMs: 0 })
})
afterAll(async () => {
  await store[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

type Part = Pick<Pod, 'spec' | 'status'>
const pod = ({ spec, status }: Part) =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', namespace: 'default' },
    spec,
    status,
  }) as unknown as AnyObject

test('references come with a binding, a claim that was made, a container for debugging, and go with the pod', async () => {
  using index = new NodeIndex(store)
  const used = () =>
    [
      'secrets/default/first',
      'secrets/default/second',
      'resourceclaims/default/made',
      'resourceclaims/default/extended',
    ].filter(reference => index.uses('one', reference))
  const container = { name: 'c', image: 'i', envFrom: [{ secretRef: { name: 'first' } }] }
  const spec: Pod['spec'] = {
    containers: [container],
    resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }],
  }
  let { revision } = await store.create(KEY, pod({ spec, status: {} }))
  const write = async (part: Part) => ({ revision } = await store.update(KEY, pod(part), revision))
  expect(used()).toEqual([])

  const bound = { ...spec, nodeName: 'one' }
  await write({ spec: bound, status: {} })
  expect(used()).toEqual(['secrets/default/first'])
  await write({ spec: bound, status: { phase: 'Pending' } })
  expect(used()).toEqual(['secrets/default/first'])

  const status: Pod['status'] = { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'made' }] }
  await write({ spec: bound, status })
  expect(used()).toEqual(['secrets/default/first', 'resourceclaims/default/made'])

  const extendedResourceClaimStatus = { resourceClaimName: 'extended', requestMappings: [] }
  await write({ spec: bound, status: { ...status, extendedResourceClaimStatus } })
  expect(used()).toContain('resourceclaims/default/extended')
  await write({ spec: bound, status })
  expect(used()).toEqual(['secrets/default/first', 'resourceclaims/default/made'])

  const debugged = { ...bound, ephemeralContainers: [{ ...container, envFrom: [{ secretRef: { name: 'second' } }] }] }
  await write({ spec: debugged, status })
  await write({ spec: debugged, status: { ...status, phase: 'Running' } })
  expect(used()).toHaveLength(3)
  await store.delete(KEY, revision)
  expect(used()).toEqual([])
})
