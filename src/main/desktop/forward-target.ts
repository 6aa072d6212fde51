// The pod and port behind a pod, a service or a workload.
import type { Pod, Service } from '../../shared/api/core/v1.ts'
import type { LabelSelector } from '../../shared/api/meta/v1.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import { fromLabelSelector } from '../../shared/machinery/selectors.ts'
import type { ForwardSpec } from '../../preload/channels.ts'

/** @param path path and query. @throws when the answer is none */
export type ApiGet = (path: string) => Promise<unknown>

export interface ForwardTarget {
  readonly namespace: string
  readonly pod: string
  readonly port: number
}

const PREFIX = { pods: '/api/v1', services: '/api/v1', deployments: '/apis/apps/v1', statefulsets: '/apis/apps/v1' }

const isReady = ({ metadata, status }: Pod) =>
  metadata.deletionTimestamp === undefined && conditionOf(status.conditions, 'Ready')?.status === 'True'

/** @throws Error when the pod has no such port */
function portOf({ spec, metadata }: Pod, wanted: number | string): number {
  if (typeof wanted === 'number') return wanted
  const found = spec.containers.flatMap(({ ports }) => ports ?? []).find(({ name }) => name === wanted)
  if (!found) throw new Error(`pod ${metadata.name} has no port “${wanted}”`)
  return found.containerPort
}

/** @throws Error when there is no pod that is ready */
export async function findTarget(get: ApiGet, { kind, namespace, name, port }: ForwardSpec): Promise<ForwardTarget> {
  const base = `${PREFIX[kind]}/namespaces/${encodeURIComponent(namespace)}`
  const object = await get(`${base}/${kind}/${encodeURIComponent(name)}`)
  if (kind === 'pods') {
    const pod = object as Pod
    if (pod.status.phase !== 'Running') throw new Error(`pod ${name} does not run`)
    return { namespace, pod: name, port }
  }
  const service = kind === 'services' ? (object as Service) : undefined
  const selector = service
    ? { matchLabels: service.spec.selector ?? {} }
    : (object as { spec: { selector: LabelSelector } }).spec.selector
  const labels = fromLabelSelector(selector).format()
  if (!labels) throw new Error(`${name} selects no pods`)
  const query = new URLSearchParams({ labelSelector: labels })
  const pods = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?${query.toString()}`
  const { items } = (await get(pods)) as { items: Pod[] }
  const pod = items.find(isReady)
  if (!pod) throw new Error(`no pod behind ${name} is ready`)
  const served = service?.spec.ports?.find(each => each.port === port)
  return { namespace, pod: pod.metadata.name, port: portOf(pod, served?.targetPort ?? port) }
}
