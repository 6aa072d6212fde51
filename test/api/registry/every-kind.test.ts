// Every kind goes through the whole server, with everything that admission does: create, get, update without change,
// list, patch, delete.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtinResources } from '../../../src/main/apiserver/registry/index.ts'
import { Namespace, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import type { KubeObject } from '../../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../../src/shared/machinery/resource-type.ts'
import { isNotFound } from '../../../src/shared/machinery/status.ts'
import { eventually } from '../../support/eventually.ts'
import { type SecuredCluster, startSecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'
import { minimalObjects } from './minimal-objects.ts'

let cluster: SecuredCluster
beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } })
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** The server looks at these by itself, and says so in their status. */
const CHECKED = new Set(['admissionregistration.v1.ValidatingAdmissionPolicy'])
const NAMES: Readonly<Record<string, string>> = { 'networking.v1.IPAddress': '10.96.0.77' }

test('a namespace is finalized by a body that says nothing but its name', async () => {
  const ref = { name: 'finalized' }
  await cluster.admin.create(Namespace, { metadata: ref, spec: {} })
  const finalize = (body: object) => raw(cluster.api, '/api/v1/namespaces/finalized/finalize', { method: 'PUT', body })
  expect((await finalize({})).code).toBe(400)
  const { code, json } = await finalize({ metadata: ref })
  expect([code, json.spec.finalizers]).toEqual([200, []])
})

test('a namespace takes a finalizer more, and lets it go', async () => {
  const ref = { name: 'held' }
  await cluster.admin.create(Namespace, { metadata: ref, spec: {} })
  const held = ['kubernetes', 'example.com/hold']
  for (const finalizers of [held, ['kubernetes']]) {
    const body = { ...(await cluster.admin.get(Namespace, ref)), spec: { finalizers } }
    const { code } = await raw(cluster.api, '/api/v1/namespaces/held/finalize', { method: 'PUT', body })
    expect(code).toBe(200)
    expect((await cluster.admin.get(Namespace, ref)).spec.finalizers).toEqual(finalizers)
  }
})

const created = builtinResources.filter(({ virtual, verbs }) => !virtual && verbs.includes('create'))
test.each(created.map(({ schema, type }) => [schema, type] as const))(
  '%s without a name is refused',
  async (schema, type) => {
    const { metadata: _name, ...minimal } = minimalObjects[schema]!
    const namespace = type.namespaced ? { namespace: 'default' } : {}
    const draft = { ...minimal, metadata: namespace }
    await expect(
      cluster.admin.create(type as unknown as ResourceType<KubeObject>, draft as never),
    ).rejects.toMatchObject({
      code: 422,
      reason: 'Invalid',
    })
  },
)

test.each(builtinResources.filter(resource => !resource.virtual).map(resource => [resource.schema, resource] as const))(
  '%s',
  async (schema, resource) => {
    const client = cluster.admin
    const type = resource.type as unknown as ResourceType<KubeObject>
    const minimal = minimalObjects[schema]!
    const metadata = {
      name: NAMES[schema] ?? `web-${resource.type.version}-${resource.type.group.length}`,
      ...(type.namespaced ? { namespace: 'default' } : {}),
      ...(minimal['metadata'] as object | undefined),
    }
    const answer = await client.create(type, { ...minimal, metadata } as never)
    expect(answer.metadata.uid).toBeTruthy()
    const ref = { name: answer.metadata.name, ...(type.namespaced ? { namespace: 'default' } : {}) }
    const created = await eventually(async () => {
      const now = await client.get(type, ref)
      if (CHECKED.has(schema)) expect(now).toHaveProperty('status.observedGeneration', now.metadata.generation)
      return now
    })
    if (!CHECKED.has(schema)) expect(created).toEqual(answer)
    const read = await client.get(type, ref)
    expect(read).toEqual(created)
    const updated = await client.update(type, structuredClone(read))
    expect(updated.metadata.resourceVersion, 'an update without change writes nothing').toBe(
      created.metadata.resourceVersion,
    )
    const { items } = await client.list(type)
    expect(items.map(item => item.metadata.uid)).toContain(created.metadata.uid)
    const patched = await client.patch(type, ref, { metadata: { annotations: { seen: 'yes' } } }, { type: 'merge' })
    expect(patched.metadata.annotations).toMatchObject({ seen: 'yes' })
    await client.delete(type, ref)
    await client.get(type, ref).then(
      left => expect(left.metadata.deletionTimestamp, 'only finalizers keep it').toBeTruthy(),
      (error: unknown) => expect(isNotFound(error)).toBe(true),
    )
  },
)
