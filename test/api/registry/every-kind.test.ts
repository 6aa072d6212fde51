// Every kind goes through the whole server: create, get, update without change, list.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtinResources } from '../../../src/main/apiserver/registry/index.ts'
import { serviceAllocator } from '../../../src/main/apiserver/registry/core/service/allocator.ts'
import type { KubeObject } from '../../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../../src/shared/machinery/resource-type.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { minimalObjects } from './minimal-objects.ts'

let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer({ withStore: store => ({ admission: [serviceAllocator(store)] }) })
})
afterAll(() => api[Symbol.asyncDispose]())

const NAMES: Readonly<Record<string, string>> = { 'networking.v1.IPAddress': '10.96.0.77' }

test.each(builtinResources.filter(resource => !resource.virtual).map(resource => [resource.schema, resource] as const))(
  '%s',
  async (schema, resource) => {
    const client = api.clientAs()
    const type = resource.type as unknown as ResourceType<KubeObject>
    const minimal = minimalObjects[schema]!
    const metadata = {
      name: NAMES[schema] ?? `web-${resource.type.version}-${resource.type.group.length}`,
      ...(type.namespaced ? { namespace: 'default' } : {}),
      ...(minimal['metadata'] as object | undefined),
    }
    const created = await client.create(type, { ...minimal, metadata } as never)
    expect(created.metadata.uid).toBeTruthy()
    const ref = { name: created.metadata.name, ...(type.namespaced ? { namespace: 'default' } : {}) }
    const read = await client.get(type, ref)
    expect(read).toEqual(created)
    const updated = await client.update(type, structuredClone(read))
    expect(updated.metadata.resourceVersion, 'an update without change writes nothing').toBe(
      created.metadata.resourceVersion,
    )
    const { items } = await client.list(type)
    expect(items.map(item => item.metadata.uid)).toContain(created.metadata.uid)
  },
)
