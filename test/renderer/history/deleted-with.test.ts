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

it('a definition comes back with the objects of its kind, but for those that were gone before', async () => {
  const Widget = { group: 'shop.example', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true }
  const widgets = Widget as unknown as ResourceType<KubeObject & { spec: { size: number } }>
  await admin.create(CustomResourceDefinition, {
    metadata: { name: 'widgets.shop.example' },
    spec: {
      group: 'shop.example',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
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
  } as never)
  const before = { metadata: { name: 'before', namespace: 'default' }, spec: { size: 1 } }
  const widget = { metadata: { name: 'one', namespace: 'default' }, spec: { size: 7 } }
  await vi.waitFor(() => admin.create(widgets, widget as never), { timeout: 30_000 })
  await admin.create(widgets, before as never)
  await admin.delete(widgets, before.metadata)
  await admin.delete(CustomResourceDefinition, { name: 'widgets.shop.example' })
  await isGone(CustomResourceDefinition, 'widgets.shop.example')

  const end = await endOf('customresourcedefinitions.apiextensions.k8s.io', 'widgets.shop.example')
  expect(await bringBack(admin, end)).toEqual({ others: 1, failures: [] })
  expect((await admin.list(widgets)).items.map(({ metadata: { name } }) => name)).toEqual(['one'])
  expect((await admin.get(widgets, { namespace: 'default', name: 'one' })).spec.size).toBe(7)
}, 120_000)
