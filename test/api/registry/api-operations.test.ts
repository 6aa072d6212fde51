// What the documentation promises of every built-in kind: it stands in discovery, one hears of its objects, finds them by
// labels over all namespaces, patches and replaces them and their status, and deletes them together.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtinResources } from '../../../src/main/apiserver/registry/index.ts'
import type { ResourceDescriptor } from '../../../src/main/apiserver/registry/resource.ts'
import { ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import type { ObjectRef } from '../../../src/shared/client/client.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { apiVersionOf, type ResourceType } from '../../../src/shared/machinery/resource-type.ts'
import { isNotFound } from '../../../src/shared/machinery/status.ts'
import { eventually } from '../../support/eventually.ts'
import { type SecuredCluster, startSecuredCluster } from '../authz/support/cluster.ts'
import { type AnyJson, raw } from '../core/support/raw.ts'
import { minimalObjects } from './minimal-objects.ts'

let cluster: SecuredCluster
beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } })
})
afterAll(() => cluster[Symbol.asyncDispose]())

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const TIME = '2026-01-02T03:04:05Z'
const CONDITION = {
  type: 'Ready',
  status: 'False',
  reason: 'Tested',
  message: 'as a test says',
  lastTransitionTime: TIME,
}
/** By schema id, where the status has no conditions that anybody may write. */
const STATUS: Readonly<Record<string, object>> = {
  'apps.v1.ReplicaSet': { replicas: 3 },
  'autoscaling.v1.HorizontalPodAutoscaler': { currentReplicas: 3, desiredReplicas: 3 },
  'batch.v1.CronJob': { lastScheduleTime: TIME },
  'certificates.v1.CertificateSigningRequest': { certificate: 'none' },
  'core.v1.PersistentVolume': { phase: 'Failed', message: 'as a test says', reason: 'Tested' },
  'core.v1.ReplicationController': { replicas: 3 },
  'core.v1.ResourceQuota': { hard: { pods: '5' } },
  'networking.v1.Ingress': { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } },
  'resource.v1.ResourceClaim': {
    allocation: {
      nodeSelector: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }],
      },
    },
  },
  'storage.v1.VolumeAttachment': { attached: true },
}
const NAMES: Readonly<Record<string, string>> = { 'networking.v1.IPAddress': '10.96.0.78' }

const kept = builtinResources.filter(({ virtual }) => !virtual)
const asked = (resource: ResourceDescriptor) => resource.type as unknown as ResourceType<AnyObject>
const labelSelector = 'operations=tried'

/** @returns its entry and those of its subresources, once group and version are found as a client finds them */
async function discovered({ group, version, plural }: ResourceType<AnyObject>): Promise<Map<string, AnyJson>> {
  const get = async (path: string) => (await raw(cluster.api, path)).json as AnyJson
  if (group) {
    const groupVersion = { groupVersion: `${group}/${version}`, version }
    const { groups } = await get('/apis')
    expect(groups.find((each: AnyJson) => each.name === group)?.versions).toContainEqual(groupVersion)
    expect((await get(`/apis/${group}`)).versions).toContainEqual(groupVersion)
  } else expect((await get('/api')).versions).toContain(version)
  const { resources } = await get(group ? `/apis/${group}/${version}` : `/api/${version}`)
  const own = (resources as AnyJson[]).filter(({ name }) => name === plural || name.startsWith(`${plural}/`))
  return new Map(own.map(each => [each.name.slice(plural.length), each]))
}

/** @returns what a watch of the labelled objects has told so far, and its end */
function watchLabelled(type: ResourceType<AnyObject>, resourceVersion: string) {
  const stop = new AbortController()
  const told: string[] = []
  const done = (async () => {
    for await (const frame of cluster.admin.watch(type, { labelSelector, resourceVersion, signal: stop.signal }))
      told.push(frame.type)
  })()
  return { told, end: () => (stop.abort(), done) }
}

/** @returns the object, after a change of what it is now: others may write it meanwhile */
const changed = (type: ResourceType<AnyObject>, ref: ObjectRef, change: (object: AnyObject) => Promise<AnyObject>) =>
  eventually(async () => change(structuredClone(await cluster.admin.get(type, ref))))

async function readAndWriteStatus({ schema, type }: ResourceDescriptor, path: string, ref: ObjectRef): Promise<void> {
  const kind = type as unknown as ResourceType<AnyObject>
  const status = STATUS[schema] ?? { conditions: [CONDITION] }
  const before = await cluster.admin.get(kind, ref)
  const { code, json } = await raw(cluster.api, `${path}/${ref.name}/status`)
  expect([code, json.kind, json.metadata.uid]).toEqual([200, type.kind, before.metadata.uid])
  const patched = await cluster.admin.patch(kind, ref, { status }, { type: 'merge', subresource: 'status' })
  expect(patched['status']).toMatchObject(status)
  expect(patched['spec']).toEqual(before['spec'])
  const replaced = await changed(kind, ref, object => cluster.admin.updateStatus(kind, object))
  expect(replaced['status']).toMatchObject(status)
}

/** What holds an object that is deleted is taken away, as controllers do. */
async function letGo(resource: ResourceDescriptor, ref: ObjectRef): Promise<void> {
  const type = asked(resource)
  if (resource.type.kind === 'Namespace') {
    await raw(cluster.api, `/api/v1/namespaces/${ref.name}/finalize`, { method: 'PUT', body: { metadata: ref } })
    return
  }
  const { items } = await cluster.admin.list(type, { labelSelector })
  if (items.length === 0) return
  // The server lets go of definitions itself, perhaps at this very moment.
  await cluster.admin
    .patch(type, ref, { metadata: { finalizers: null } }, { type: 'merge' })
    .catch((error: unknown) => {
      if (!isNotFound(error)) throw error
    })
}

test.each(kept.map(resource => [`${apiVersionOf(resource.type)} ${resource.type.plural}`, resource] as const))(
  '%s',
  async (_name, resource) => {
    const type = asked(resource)
    const { admin } = cluster
    const entries = await discovered(type)
    // Upstream's namespaces cannot be deleted together either.
    const together = type.kind !== 'Namespace'
    expect(entries.get('')).toMatchObject({ kind: type.kind, namespaced: type.namespaced })
    expect(entries.get('').verbs).toEqual(expect.arrayContaining(VERBS.filter(verb => together || verb !== 'deletecollection'))) // prettier-ignore

    const minimal = minimalObjects[resource.schema]!
    const metadata = {
      name: NAMES[resource.schema] ?? `tried-${type.version}-${type.group.length}`,
      ...(type.namespaced ? { namespace: 'default' } : {}),
      ...(minimal['metadata'] as object | undefined),
      labels: { operations: 'tried' },
    }
    const { resourceVersion } = await admin.list(type, { labelSelector })
    const watch = watchLabelled(type, resourceVersion)
    const made = await admin.create(type, { ...minimal, metadata } as never)
    const ref = { name: made.metadata.name, ...(type.namespaced ? { namespace: 'default' } : {}) }
    const { uid } = (await admin.get(type, ref)).metadata
    const found = async () => (await admin.list(type, { labelSelector })).items.map(item => item.metadata.uid)
    expect(await found()).toEqual([uid])

    const patched = await admin.patch(type, ref, { metadata: { labels: { patched: 'yes' } } }, { type: 'merge' })
    expect(patched.metadata).toMatchObject({ uid, labels: { operations: 'tried', patched: 'yes' } })
    await changed(type, ref, object => {
      object.metadata.annotations = { ...object.metadata.annotations, replaced: 'yes' }
      return admin.update(type, object)
    })
    expect((await admin.get(type, ref)).metadata).toMatchObject({ uid, annotations: { replaced: 'yes' } })

    const collection = `/${type.group ? `apis/${type.group}` : 'api'}/${type.version}${type.namespaced ? '/namespaces/default' : ''}/${type.plural}` // prettier-ignore
    const statusEntry = entries.get('/status')
    expect(statusEntry !== undefined, 'a status that can be written has a path of its own').toBe(
      resource.status !== undefined,
    )
    if (statusEntry) {
      expect(statusEntry).toMatchObject({ kind: type.kind, verbs: ['get', 'patch', 'update'] })
      await readAndWriteStatus(resource, collection, ref)
    }

    if (together)
      await admin.deleteCollection(type, { labelSelector, ...(type.namespaced ? { namespace: 'default' } : {}) }) // prettier-ignore
    else await admin.delete(type, ref)
    await letGo(resource, ref)
    expect(await found()).toEqual([])
    await eventually(() => expect(watch.told.at(-1)).toBe('DELETED'))
    await watch.end()
    expect(watch.told.slice(0, 3)).toEqual(['ADDED', 'MODIFIED', 'MODIFIED'])
  },
)

/** The kinds whose status upstream lets be read and written by itself. */
const WITH_STATUS = {
  '': ['namespaces', 'nodes', 'persistentvolumeclaims', 'persistentvolumes', 'pods', 'replicationcontrollers', 'resourcequotas', 'services'],
  'admissionregistration.k8s.io': ['validatingadmissionpolicies'],
  'apiextensions.k8s.io': ['customresourcedefinitions'],
  'apiregistration.k8s.io': ['apiservices'],
  apps: ['daemonsets', 'deployments', 'replicasets', 'statefulsets'],
  autoscaling: ['horizontalpodautoscalers'],
  batch: ['cronjobs', 'jobs'],
  'certificates.k8s.io': ['certificatesigningrequests'],
  'flowcontrol.apiserver.k8s.io': ['flowschemas', 'prioritylevelconfigurations'],
  'networking.k8s.io': ['ingresses', 'servicecidrs'],
  policy: ['poddisruptionbudgets'],
  'resource.k8s.io': ['resourceclaims'],
  'storage.k8s.io': ['volumeattachments'],
} // prettier-ignore
test.each(Object.entries(WITH_STATUS))(
  'in the group "%s", the status of %j has a path of its own',
  (group, plurals) => {
    const statuses = kept.filter(({ type, status }) => type.group === group && status).map(({ type }) => type.plural)
    expect([...new Set(statuses)].sort()).toEqual(plurals)
  },
)

test('every group names a preferred version that it serves, with resources in it', async () => {
  const { groups } = (await raw(cluster.api, '/apis')).json as { groups: AnyJson[] }
  expect(groups.length).toBeGreaterThan(10)
  for (const { name, versions, preferredVersion } of groups) {
    expect(versions).toContainEqual(preferredVersion)
    for (const { groupVersion } of versions as AnyJson[]) {
      const { json } = await raw(cluster.api, `/apis/${groupVersion}`)
      expect([name, json.groupVersion, json.resources.length > 0]).toEqual([name, groupVersion, true])
    }
  }
})
