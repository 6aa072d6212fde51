// Pods that fill more disk than they may: emptyDir sizes, limits of containers and of the pod.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import { totalOf } from '../../../shared/machinery/quota-pod-usage.ts'
import { type PodDiskUsage, containerBytes, totalBytes } from '../stats/disk-usage.ts'

const RESOURCE = 'ephemeral-storage'

/** Whether anything of the pod has a limit that must be measured. */
export const hasStorageLimit = ({ spec }: Pod): boolean =>
  (spec.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined && !emptyDir.medium) ||
  totalOf(spec, 'limits').has(RESOURCE)

/** @returns the eviction's message, or undefined */
export function storageExcess(pod: Pod, usage: PodDiskUsage): string | undefined {
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const limit = emptyDir?.sizeLimit
    if (limit === undefined || emptyDir?.medium) continue
    const bytes = parseQuantity(limit).value()
    if (bytes > 0 && (usage.emptyDirs.get(name) ?? 0) > bytes)
      return `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit "${limit}". `
  }
  const total = totalOf(pod.spec, 'limits').get(RESOURCE)
  if (total && totalBytes(usage) > total.value())
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${total.toString()}. `
  for (const { name, resources } of pod.spec.containers) {
    const limit = resources?.limits?.[RESOURCE]
    const used = usage.containers.get(name)
    if (limit !== undefined && used && containerBytes(used) > parseQuantity(limit).value())
      return `Container ${name} exceeded its local ephemeral storage limit "${limit}". `
  }
  return undefined
}
