// Static pods: manifests in a folder of the node, which run whatever the control plane thinks.
// @see https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/
import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { parse } from 'yaml'
import type { Pod, PodSpec } from '../../../shared/api/core/v1.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { configurationOf } from '../../../shared/machinery/pod-configuration.ts'
import { qosClass } from '../../../shared/machinery/qos.ts'

export const CONFIG_SOURCE = 'kubernetes.io/config.source'
export const CONFIG_HASH = 'kubernetes.io/config.hash'
export const CONFIG_MIRROR = 'kubernetes.io/config.mirror'

/** Whether the pod comes from a manifest; its copy in the API is another object. */
export const isStatic = ({ metadata }: Pod): boolean => metadata.annotations?.[CONFIG_SOURCE] === 'file'
export const isMirror = ({ metadata }: Pod): boolean => metadata.annotations?.[CONFIG_MIRROR] !== undefined
export const hashOf = ({ metadata }: Pod): string => metadata.annotations?.[CONFIG_HASH] ?? ''

/** A pod as the API has it: only a manifest on the node makes a static pod, whatever the annotations of others say. */
export function fromApi(pod: Pod): Pod {
  if (!isStatic(pod)) return pod
  const annotations = { ...pod.metadata.annotations }
  delete annotations[CONFIG_SOURCE]
  return { ...pod, metadata: { ...pod.metadata, annotations } }
}

/** Whether the API's object shows this very version of the static pod. */
export const isMirrorOf = (mirror: Pod, pod: Pod): boolean =>
  isStatic(pod) &&
  mirror.metadata.annotations?.[CONFIG_MIRROR] === hashOf(pod) &&
  mirror.metadata.name === pod.metadata.name &&
  mirror.metadata.namespace === pod.metadata.namespace

const names = v.record(v.string(), v.string())
/** As much as the kubelet relies on; the API server checks the rest of the mirror pod. */
const schema = v.looseObject({
  apiVersion: v.literal('v1'),
  kind: v.literal('Pod'),
  metadata: v.looseObject({
    name: v.pipe(v.string(), v.regex(/^[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?$/)),
    namespace: v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)), 'default'),
    annotations: v.optional(names, {}),
    labels: v.optional(names, {}),
  }),
  spec: v.looseObject({
    containers: v.pipe(v.array(v.looseObject({ name: v.string(), image: v.string() })), v.minLength(1)),
  }),
})

/** @throws Error that says what is wrong with the manifest */
export function podOfManifest(text: string, nodeName: string): Pod {
  const result = v.safeParse(schema, parse(text, { maxAliasCount: 100 }))
  if (!result.success) throw new Error(`${v.getDotPath(result.issues[0]) ?? 'manifest'}: ${result.issues[0].message}`)
  const { metadata, spec } = result.output
  const reference = apiReferenceOf(spec as unknown as PodSpec)
  if (reference) throw new Error(`spec: static pods may not reference ${reference}`)
  const hash = createHash('sha256').update(text).update(nodeName).digest('hex').slice(0, 32)
  const tolerations = (spec as Partial<Pod['spec']>).tolerations ?? []
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${metadata.name}-${nodeName}`,
      namespace: metadata.namespace,
      uid: hash,
      labels: metadata.labels,
      annotations: { ...metadata.annotations, [CONFIG_HASH]: hash, [CONFIG_SOURCE]: 'file' },
    },
    // Nothing drives them away: neither taints nor evictions.
    spec: { ...spec, nodeName, tolerations: [...tolerations, { operator: 'Exists', effect: 'NoExecute' }] },
    status: { phase: 'Pending', qosClass: qosClass({ spec: spec as unknown as PodSpec }) },
  } as unknown as Pod
}

/** The node runs what the manifest says without any control plane: nothing in it can be another object. */
function apiReferenceOf(spec: PodSpec): string | undefined {
  const { secrets, configMaps } = configurationOf({ spec })
  const { serviceAccountName, resourceClaims, volumes = [] } = spec
  const sources = volumes.flatMap(({ projected }) => projected?.sources ?? [])
  if (serviceAccountName || sources.some(source => source.serviceAccountToken)) return 'serviceaccounts'
  if (secrets.length > 0) return 'secrets'
  if (configMaps.length > 0) return 'configmaps'
  if (resourceClaims?.length) return 'resourceclaims'
  return volumes.some(volume => volume.persistentVolumeClaim || volume.ephemeral) ? 'persistentvolumeclaims' : undefined
}

/** @returns the pods of all manifests in the folder; files that cannot be read are told and left out */
export async function readManifests(folder: string, nodeName: string, log: Log): Promise<Pod[]> {
  const files = (await readdir(folder).catch(() => [])).filter(name => /^[^.].*\.(ya?ml|json)$/.test(name))
  const pods = await Promise.all(
    files.map(async file => {
      try {
        return podOfManifest(await readFile(join(folder, file), 'utf8'), nodeName)
      } catch (error) {
        log.warn({ file: join(folder, file), error: (error as Error).message }, 'manifest of a static pod not read')
        return undefined
      }
    }),
  )
  return pods.filter(pod => pod !== undefined)
}
