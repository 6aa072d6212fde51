// Custom objects in the graph of owners: the collector hears of their kinds while it runs.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { CustomResourceDefinition } from '../../src/shared/api/apiextensions/v1.ts'
import { ConfigMap, Namespace, ResourceQuota } from '../../src/shared/api/core/v1.ts'
import type { KubeObject } from '../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../src/shared/machinery/resource-type.ts'
import { eventually } from '../support/eventually.ts'
import { type Cluster, startCluster } from './support/cluster.ts'

const custom = (kind: string, plural: string, namespaced: boolean): ResourceType<KubeObject> => ({
  ...{ group: 'example.com', version: 'v1', kind, plural, namespaced },
})
const Site = custom('Site', 'sites', true)
const Fleet = custom('Fleet', 'fleets', false)

let cluster: Cluster
let namespace = ''
let count = 0
beforeAll(async () => {
  cluster = await startCluster()
  for (const type of [Site, Fleet]) await define(type)
})
beforeEach(async () => {
  namespace = `owned-${++count}`
  await cluster.client.create(Namespace, { metadata: { name: namespace }, spec: {} })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

async function define(type: ResourceType<KubeObject>): Promise<void> {
  const { kind, plural, group, version, namespaced } = type
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  await cluster.client.create(CustomResourceDefinition, {
    metadata: { name: `${plural}.${group}` },
    spec: {
      ...{ group, scope: namespaced ? 'Namespaced' : 'Cluster', names: { kind, plural } },
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  })
  await eventually(() => cluster.client.list(type, namespaced ? { namespace: 'default' } : {}))
}

type Owner = KubeObject & { readonly kind?: string }
async function make(
  type: ResourceType<KubeObject>,
  name: string,
  owner?: Owner,
  more: { blockOwnerDeletion?: boolean } = {},
): Promise<KubeObject> {
  const references = owner && [
    { apiVersion: owner.apiVersion!, kind: owner.kind!, name: owner.metadata.name, uid: owner.metadata.uid, ...more },
  ]
  return cluster.client.create(type, {
    metadata: { ...(type.namespaced && { namespace }), name, ...(references && { ownerReferences: references }) },
  })
}
const there = ({ metadata }: KubeObject, type: ResourceType<KubeObject>) =>
  cluster.client.get(type, metadata).then(
    object => object.metadata.uid === metadata.uid,
    () => false,
  )
const gone = (object: KubeObject, type: ResourceType<KubeObject>) =>
  eventually(async () => expect(await there(object, type)).toBe(false))

test('what a custom object owns goes with it, of built-in and of custom kinds, and theirs in turn', async () => {
  const site = await make(Site, 'site')
  const part = await make(Site, 'part', site)
  const map = await make(ConfigMap, 'map', site)
  const deeper = await make(ConfigMap, 'deeper', part)
  const bystander = await make(ConfigMap, 'bystander')
  await cluster.client.delete(Site, site.metadata, { propagationPolicy: 'Background' })
  await gone(part, Site)
  await gone(map, ConfigMap)
  await gone(deeper, ConfigMap)
  expect(await there(bystander, ConfigMap)).toBe(true)
})

test('what a built-in object owns of a custom kind goes with it', async () => {
  const map = await make(ConfigMap, 'map')
  const site = await make(Site, 'site', map)
  await cluster.client.delete(ConfigMap, map.metadata)
  await gone(site, Site)
})

test('a custom object that is deleted in the foreground stays until what blocks it is gone', async () => {
  const site = await make(Site, 'site')
  const blocker = await make(Site, 'blocker', site, { blockOwnerDeletion: true })
  await cluster.client.patch(
    Site,
    blocker.metadata,
    { metadata: { finalizers: ['example.com/look'] } },
    { type: 'merge' },
  )
  await cluster.client.delete(Site, site.metadata, { propagationPolicy: 'Foreground' })
  await eventually(async () =>
    expect((await cluster.client.get(Site, blocker.metadata)).metadata.deletionTimestamp).toBeDefined(),
  )
  expect((await cluster.client.get(Site, site.metadata)).metadata.finalizers).toEqual(['foregroundDeletion'])
  await cluster.client.patch(Site, blocker.metadata, { metadata: { finalizers: null } }, { type: 'merge' })
  await gone(site, Site)
})

test('a custom object that leaves orphans leaves them without an owner', async () => {
  const site = await make(Site, 'site')
  const map = await make(ConfigMap, 'map', site)
  await cluster.client.delete(Site, site.metadata, { propagationPolicy: 'Orphan' })
  await gone(site, Site)
  expect((await cluster.client.get(ConfigMap, map.metadata)).metadata.ownerReferences ?? []).toEqual([])
})

test('a custom object of the cluster owns what is in namespaces; one of a namespace owns nothing of the cluster', async () => {
  const fleet = await make(Fleet, `fleet-${count}`)
  const map = await make(ConfigMap, 'map', fleet)
  const site = await make(Site, 'site')
  const wrong = await make(Fleet, `wrong-${count}`, site)
  await cluster.client.delete(Fleet, fleet.metadata)
  await gone(map, ConfigMap)
  await cluster.client.delete(Site, site.metadata)
  await gone(site, Site)
  expect(await there(wrong, Fleet)).toBe(true)
})

test('an owner of a custom kind that never was is absent; one of a kind that is not served keeps what is its own', async () => {
  const absent = { apiVersion: 'example.com/v1', kind: 'Site', metadata: { name: 'never', uid: 'never' } } as KubeObject
  const unknown = { apiVersion: 'example.com/v1', kind: 'Unknown', metadata: { name: 'x', uid: 'x' } } as KubeObject
  const kept = await make(ConfigMap, 'kept', unknown)
  const lost = await make(ConfigMap, 'lost', absent)
  await gone(lost, ConfigMap)
  expect(await there(kept, ConfigMap)).toBe(true)
})

test('a definition that goes takes its objects along, and what they own; one that comes back is followed again', async () => {
  const Boat = custom('Boat', 'boats', true)
  const boat = async () => {
    await define(Boat)
    // The collector knows of the kind once it has followed one of its objects.
    const other = await make(Boat, 'other')
    const net = await make(ConfigMap, 'net', other)
    await cluster.client.delete(Boat, other.metadata)
    await gone(net, ConfigMap)
    const made = await make(Boat, 'boat')
    return { made, map: await make(ConfigMap, 'sail', made) }
  }
  const first = await boat()
  await cluster.client.delete(CustomResourceDefinition, { name: 'boats.example.com' })
  await gone(first.map, ConfigMap)
  await eventually(async () => {
    const { items } = await cluster.client.list(CustomResourceDefinition)
    expect(items.map(({ metadata }) => metadata.name)).not.toContain('boats.example.com')
  })
  const second = await boat()
  await cluster.client.delete(Boat, second.made.metadata)
  await gone(second.map, ConfigMap)
})

test('a kind that is not in the version that its group prefers owns, goes with its namespace, and is counted', async () => {
  const group = { group: 'kitchen.example.com', version: 'v1' }
  const Recipe = { ...custom('Recipe', 'recipes', true), ...group }
  const Kitchen = { ...custom('Kitchen', 'kitchens', false), ...group }
  for (const type of [Recipe, Kitchen]) await define(type)
  await define({ ...custom('Cake', 'cakes', true), ...group, version: 'v2' })
  const kitchen = await make(Kitchen, 'kitchen')
  const recipe = await make(Recipe, 'recipe', kitchen)
  const map = await make(ConfigMap, 'ingredients', recipe)
  await cluster.client.delete(Kitchen, kitchen.metadata)
  await gone(recipe, Recipe)
  await gone(map, ConfigMap)

  const count = 'count/recipes.kitchen.example.com'
  await make(Recipe, 'another')
  const quota = { namespace, name: 'recipes' }
  await cluster.client.create(ResourceQuota, { metadata: quota, spec: { hard: { [count]: '5' } } })
  await eventually(async () =>
    expect((await cluster.client.get(ResourceQuota, quota)).status?.used).toEqual({ [count]: '1' }),
  )
  const all = async () => (await cluster.client.list(Recipe)).items
  expect(await all()).toHaveLength(1)
  await cluster.client.delete(Namespace, { name: namespace })
  await eventually(() =>
    expect(cluster.client.get(Namespace, { name: namespace })).rejects.toMatchObject({ code: 404 }),
  )
  expect(await all()).toEqual([])
})
