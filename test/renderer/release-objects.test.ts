// The objects of a Helm release, as its manifest names them, and what is read to tell how they are.
import { createPinia, setActivePinia } from 'pinia'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { Deployment } from '../../src/shared/api/apps/v1.ts'
import { ConfigMap, Event, Pod, Service } from '../../src/shared/api/core/v1.ts'
import { ClusterRole } from '../../src/shared/api/rbac/v1.ts'
import type { KubeObject } from '../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../src/shared/machinery/resource-type.ts'
import { objectsOfRelease, wantedFor } from '@/helm/release-objects.ts'
import { useClusterStore } from '@/stores/cluster.ts'

const served = (type: ResourceType<KubeObject>) => ({
  type: type as never,
  shortNames: [],
  verbs: ['list'],
  subresources: new Set<string>(),
})
// Short ones are read at once.
beforeAll(() => void vi.spyOn(performance, 'now').mockReturnValue(0))
afterAll(() => void vi.restoreAllMocks())
beforeEach(() => {
  setActivePinia(createPinia())
  useClusterStore().kinds = [Deployment, ConfigMap, Pod, Service, ClusterRole].map(served)
})

const object = (apiVersion: string, kind: string, name: unknown, namespace?: string) => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
})
const manifestOf = (...objects: object[]) => objects.map(each => JSON.stringify(each)).join('\n---\n')
const wanted = (...objects: object[]) =>
  wantedFor(objectsOfRelease(manifestOf(...objects), 'shop') ?? []).map(
    ({ type, namespace, fieldSelector, metadataOnly = false }) =>
      [type.kind, namespace, fieldSelector, metadataOnly] as const,
  )

describe('objectsOfRelease', () => {
  it('finds each in the namespace that it names, else in that of the release, or in none', () => {
    const found = objectsOfRelease(
      manifestOf(
        object('apps/v1', 'Deployment', 'web'),
        object('v1', 'ConfigMap', 'web', 'other'),
        object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'web', 'shop'),
      ),
      'shop',
    )
    expect(found?.map(({ kind, ref }) => [kind, ref?.namespace, ref?.name])).toEqual([
      ['Deployment', 'shop', 'web'],
      ['ConfigMap', 'other', 'web'],
      ['ClusterRole', undefined, 'web'],
    ])
  })

  it('leads nowhere from a kind that is not served, and takes lists for what is in them', () => {
    const found = objectsOfRelease(
      manifestOf(object('example.dev/v1', 'Boat', 'one'), {
        apiVersion: 'v1',
        kind: 'List',
        items: [object('v1', 'Service', 'a'), object('v1', 'Service', 'b')],
      }),
      'shop',
    )
    expect(found?.map(({ kind, name, ref }) => [kind, name, ref !== undefined])).toEqual([
      ['Boat', 'one', false],
      ['Service', 'a', true],
      ['Service', 'b', true],
    ])
  })

  it('leaves out of lists what is no object', () => {
    const items = [null, 'text', 5, { apiVersion: 1, kind: 'Pod' }, { apiVersion: 'v1', kind: {} }]
    const list = { apiVersion: 'v1', kind: 'List', items: [...items, object('v1', 'Pod', 'one')] }
    expect(objectsOfRelease(manifestOf(list), 'shop')).toMatchObject([{ kind: 'Pod', name: 'one' }])
  })

  it('reads nothing of a manifest that is no YAML, and no names that are no texts', () => {
    expect(objectsOfRelease('kind: [', 'shop')).toEqual([])
    expect(objectsOfRelease(manifestOf(object('v1', 'Service', { a: 1 })), 'shop')).toMatchObject([{ name: '' }])
  })
})

describe('wantedFor', () => {
  it('asks for a single object by its name, for several by their kind, and for the pods that workloads have', () => {
    expect(
      wanted(
        object('apps/v1', 'Deployment', 'web'),
        object('v1', 'ConfigMap', 'a'),
        object('v1', 'ConfigMap', 'b', 'other'),
        object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'web'),
      ),
    ).toEqual([
      [Deployment.kind, 'shop', 'metadata.name=web', false],
      [ConfigMap.kind, undefined, undefined, true],
      [ClusterRole.kind, undefined, 'metadata.name=web', false],
      [Pod.kind, undefined, undefined, false],
      [Event.kind, undefined, 'reason=FailedCreate', false],
    ])
  })

  it('asks for no pods where nothing could have any, and never selects by what is no name', () => {
    expect(wanted(object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'web,x=y'))).toEqual([
      [ClusterRole.kind, undefined, undefined, false],
    ])
    expect(wanted(object('v1', 'Pod', 'one')).map(([kind, namespace]) => `${kind} of ${namespace}`)).toEqual([
      'Pod of shop',
      'Event of shop',
    ])
  })
})
