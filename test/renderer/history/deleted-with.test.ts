// @vitest-environment node
// What was deleted because its definition was comes back with it, on a real control plane.
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { bringBack } from '@/history/deleted-with.ts'
import { ClusterRevision, type ObjectRevision } from '@/history/revisions.ts'
import { CustomResourceDefinition } from '../../../src/shared/api/apiextensions/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import type { KubeObject } from '../../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../../src/shared/machinery/resource-type.ts'
import { startCluster } from '../support/server.ts'

// Where the window was loaded from.
vi.hoisted(() => vi.stubGlobal('location', new URL('http://window')))

let admin: Client
let cluster: Awaited<ReturnType<typeof startCluster>>
beforeAll(async () => {
  cluster = await startCluster()
  ;({ admin } = cluster)
}, 120_000)
afterAll(() => cluster?.[Symbol.asyncDispose]())

const isGone = (type: ResourceType<KubeObject>, name: string) =>
  vi.waitFor(() => expect(admin.get(type, { name })).rejects.toThrow(/not found/), { timeout: 60_000 })
/** The end of an object, as its history tells it. */
async function endOf(resource: string, name: string): Promise<ObjectRevision> {
  return await vi.waitFor(async () => {
    const { items } = await admin.list(ClusterRevision, { fieldSelector: `of.resource=${resource},of.name=${name}` })
    const end = items.find(({ action }) => action === 'Deleted')
    if (!end) throw new Error('not recorded yet')
    return end
  })
}

const GROUP = 'shop.example'
type Thing = KubeObject & { spec: { size: number } }
const typeOf = (kind: string, plural: string) =>
  ({ group: GROUP, version: 'v1', kind, plural, namespaced: true }) as unknown as ResourceType<Thing>
const definitionOf = ({ kind, plural }: ResourceType<Thing>) => ({
  metadata: { name: `${plural}.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
          },
        },
      },
    ],
  },
})
/** Defines it, makes one of it that stays until then, and deletes the definition. @returns the end of the definition */
async function deletedDefinition(type: ResourceType<Thing>): Promise<ObjectRevision> {
  const definition = definitionOf(type)
  await admin.create(CustomResourceDefinition, definition as never)
  const before = { metadata: { name: 'before', namespace: 'default' }, spec: { size: 1 } }
  const one = { metadata: { name: 'one', namespace: 'default' }, spec: { size: 7 } }
  await vi.waitFor(() => admin.create(type, one as never), { timeout: 30_000 })
  await admin.create(type, before as never)
  await admin.delete(type, before.metadata)
  await admin.delete(CustomResourceDefinition, definition.metadata)
  await isGone(CustomResourceDefinition, definition.metadata.name)
  return endOf('customresourcedefinitions.apiextensions.k8s.io', definition.metadata.name)
}

it('a definition comes back with the objects of its kind, but for those that were gone before', async () => {
  const widgets = typeOf('Widget', 'widgets')
  const end = await deletedDefinition(widgets)
  expect(await bringBack(admin, end)).toEqual({ others: 1, failures: [] })
  expect((await admin.list(widgets)).items.map(({ metadata: { name } }) => name)).toEqual(['one'])
  expect((await admin.get(widgets, { namespace: 'default', name: 'one' })).spec.size).toBe(7)
}, 120_000)

it('so does one whose group has other kinds, which are served all the time', async () => {
  await admin.create(CustomResourceDefinition, definitionOf(typeOf('Other', 'others')) as never)
  const gadgets = typeOf('Gadget', 'gadgets')
  const end = await deletedDefinition(gadgets)
  let asked = 0
  // A server that takes a moment.
  const raw: Client['raw'] = async (...request) => {
    const told = (await admin.raw(...request)) as object
    return ++asked < 3 ? { ...told, resources: [] } : told
  }
  expect(await bringBack({ ...admin, raw }, end)).toEqual({ others: 1, failures: [] })
  expect(asked).toBe(3)
  expect((await admin.list(gadgets)).items).toHaveLength(1)
}, 120_000)

it('is back also where nobody can tell what was deleted with it', async () => {
  const lids = typeOf('Lid', 'lids')
  const end = await deletedDefinition(lids)
  const refused = new Error('may not be listed')
  const client: Client = { ...admin, list: () => Promise.reject(refused) }
  expect(await bringBack(client, end)).toEqual({ others: 0, failures: [], unknown: refused })
  expect((await admin.get(CustomResourceDefinition, { name: 'lids.shop.example' })).spec.names.kind).toBe('Lid')
}, 120_000)
