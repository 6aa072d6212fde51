// How many pods the owners of a budget's pods want: the total that percentages are taken of.
import { Deployment, ReplicaSet, StatefulSet } from '../../../shared/api/apps/v1.ts'
import type { Scale } from '../../../shared/api/autoscaling/v1.ts'
import { type Pod, ReplicationController } from '../../../shared/api/core/v1.ts'
import type { APIResourceList, OwnerReference } from '../../../shared/api/meta/v1.ts'
import { type ControllerContext, ownerOf } from '../../../shared/client/reconciler.ts'
import type { KubeObject } from '../../../shared/machinery/object.ts'
import { controllerOf } from '../../../shared/machinery/owner.ts'
import { type ResourceType, collectionPath } from '../../../shared/machinery/resource-type.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'

interface Scaled {
  /** Whose scale it is: ReplicaSets of one Deployment share the Deployment's. */
  readonly uid: string
  readonly replicas: number
}

export interface ExpectedScale {
  readonly expected: number
  /** Names of pods that nobody controls. */
  readonly unmanaged: readonly string[]
}

type Replicated = KubeObject & { spec: { replicas?: number } }
const scaledBy = ({ metadata, spec }: Replicated): Scaled => ({ uid: metadata.uid, replicas: spec.replicas ?? 1 })

/** @throws Error when the scale of an owner cannot be told */
export async function expectedScale(pods: readonly Pod[], context: ControllerContext): Promise<ExpectedScale> {
  const scales = new Map<string, number>()
  const seen = new Set<string>()
  const unmanaged: string[] = []
  for (const pod of pods) {
    const owner = controllerOf(pod)
    if (!owner) unmanaged.push(pod.metadata.name)
    if (!owner || seen.has(owner.uid)) continue
    seen.add(owner.uid)
    const scaled = knownScale(pod, context) ?? (await askScale(owner, pod.metadata.namespace, context))
    if (!scaled) throw new Error(`found no controllers for pod "${pod.metadata.name}"`)
    scales.set(scaled.uid, scaled.replicas)
  }
  return { expected: [...scales.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged }
}

function knownScale(pod: Pod, context: ControllerContext): Scaled | undefined {
  const find = <T extends Replicated>(of: KubeObject, type: ResourceType<T>): T | undefined => {
    const ref = ownerOf(of, type)
    const found = ref && context.lister(type).get(ref)
    return found?.metadata.uid === ref?.uid ? found : undefined
  }
  const replicaSet = find(pod, ReplicaSet)
  const owner =
    (replicaSet && find(replicaSet, Deployment)) ??
    replicaSet ??
    find(pod, StatefulSet) ??
    find(pod, ReplicationController)
  return owner && scaledBy(owner)
}

/** Any other kind says by its scale subresource. @returns undefined when the owner is gone */
async function askScale(
  { apiVersion, kind, name, uid }: OwnerReference,
  namespace: string,
  { client }: ControllerContext,
): Promise<Scaled | undefined> {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const { resources } = (await client.raw('GET', group)) as APIResourceList
  const served = resources.find(resource => resource.kind === kind && !resource.name.includes('/'))
  if (!served) return undefined
  if (!resources.some(resource => resource.name === `${served.name}/scale`))
    throw new Error(`${served.name}${groupSuffix(apiVersion)} does not implement the scale subresource`)
  const [groupName = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const type = { group: groupName, version, kind, plural: served.name, namespaced: served.namespaced }
  const path = `${collectionPath(type, namespace)}/${encodeURIComponent(name)}/scale`
  try {
    const scale = (await client.raw('GET', path)) as Scale
    return scale.metadata?.uid === uid ? { uid, replicas: scale.spec?.replicas ?? 0 } : undefined
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

const groupSuffix = (apiVersion: string): string =>
  apiVersion.includes('/') ? `.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : ''
