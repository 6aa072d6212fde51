// Objects as the server would return them, with as little said as a test needs.
import { Deployment, ReplicaSet } from '../../../src/shared/api/apps/v1.ts'
import { Node, Pod, Service } from '../../../src/shared/api/core/v1.ts'
import type { KubeObject } from '../../../src/shared/machinery/object.ts'
import { controllerRef } from '../../../src/shared/machinery/owner.ts'
import { type ResourceType, apiVersionOf } from '../../../src/shared/machinery/resource-type.ts'
import { World } from '@/world/world.ts'

type Deep<T> = { [K in keyof T]?: T[K] extends object ? Deep<T[K]> : T[K] } | T

let uids = 0

/** @param given merged over apiVersion, kind, metadata and empty spec and status */
export function make<T extends KubeObject>(
  type: ResourceType<T>,
  name: string,
  given: Deep<Omit<T, 'metadata'>> & { metadata?: Record<string, unknown> } = {},
  namespace = 'default',
): T {
  const { metadata, ...rest } = given
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    spec: {},
    status: {},
    ...rest,
    metadata: {
      name,
      ...(type.namespaced ? { namespace } : {}),
      uid: `uid-${++uids}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...metadata,
    },
  } as unknown as T
}

const READY = [{ type: 'Ready', status: 'True' }]

/** A pod that runs and is ready, unless its status says otherwise. */
export const makePod = (
  name: string,
  {
    labels = {},
    node = 'n1',
    owner,
    ...given
  }: { labels?: Record<string, string>; node?: string; owner?: KubeObject; spec?: object; status?: object } = {},
  namespace = 'default',
): Pod =>
  make(
    Pod,
    name,
    {
      spec: {
        containers: [{ name: 'main', image: 'demo' }],
        ...(node ? { nodeName: node } : {}),
        ...given.spec,
      } as Pod['spec'],
      status: {
        phase: 'Running',
        conditions: READY,
        containerStatuses: [
          { name: 'main', ready: true, restartCount: 0, state: { running: {} }, image: '', imageID: '' },
        ],
        ...given.status,
      } as unknown as Pod['status'],
      metadata: {
        labels,
        ...(owner
          ? { ownerReferences: [{ ...controllerRef(kindOf(owner), owner), apiVersion: owner.apiVersion }] }
          : {}),
      },
    },
    namespace,
  )

const kindOf = ({ kind }: KubeObject): ResourceType<KubeObject> =>
  kind === 'Deployment' ? Deployment : kind === 'ReplicaSet' ? ReplicaSet : { ...ReplicaSet, kind }

/** A deployment `name` with its replica set and so many ready pods, all labelled `app=name`. */
export function makeApp(
  name: string,
  replicas: number,
  { namespace = 'default', nodes = ['n1'], template = {} as object } = {},
) {
  const labels = { app: name }
  const deployment = make(
    Deployment,
    name,
    {
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'main' }], ...template } },
      } as unknown as Deployment['spec'],
      status: {
        replicas,
        readyReplicas: replicas,
        availableReplicas: replicas,
        updatedReplicas: replicas,
      } as Deployment['status'],
    },
    namespace,
  )
  const set = make(
    ReplicaSet,
    `${name}-1`,
    {
      spec: { ...deployment.spec } as unknown as ReplicaSet['spec'],
      status: { replicas, readyReplicas: replicas } as ReplicaSet['status'],
      metadata: { labels, ownerReferences: [controllerRef(Deployment, deployment)] },
    },
    namespace,
  )
  const pods = Array.from({ length: replicas }, (_, index) =>
    makePod(`${name}-1-${index}`, { labels, owner: set, node: nodes[index % nodes.length] ?? '' }, namespace),
  )
  const service = make(Service, name, { spec: { selector: labels } as Service['spec'] }, namespace)
  return { deployment, set, pods, service }
}

export const makeNode = (name: string): Node =>
  make(Node, name, { status: { conditions: READY } as unknown as Node['status'] })

export type ListOf = readonly [type: ResourceType<KubeObject>, objects: readonly KubeObject[]]

/** A world that lists every kind given, and no other. */
export function worldOf(...lists: readonly ListOf[]): World {
  return new World(lists.map(([type, objects]) => ({ type, objects })))
}
