// A memory limit below what is in use would end processes, or be refused by the kernel half-way through a resize: it is
// looked for before anything is changed.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { type KubeletParts, nodeLimitsOf } from '../parts.ts'
import type { RuntimePod } from '../runtime/contract.ts'
import { podAmountsOf } from '../spec/resources.ts'
import type { PendingUpdate } from './resize.ts'

const isLess = (wanted: number, now: number): boolean => wanted > 0 && (now === 0 || wanted < now)

/** @returns why memory limits cannot shrink as asked for, in upstream's words; undefined when they can */
export async function memoryProblem(
  parts: KubeletParts,
  pod: Pod,
  runtime: RuntimePod,
  updates: readonly PendingUpdate[],
): Promise<string | undefined> {
  const ofPod = podAmountsOf(pod, nodeLimitsOf(parts)).memoryBytes
  const now = await parts.cgroups.limitsOf(runtime.sandboxes[0]?.pid ?? 0)
  const podShrinks = isLess(ofPod, now?.memoryBytes ?? 0)
  const shrinking = updates.filter(
    ({ container, limits, restart }) => !restart && isLess(limits.memoryBytes, container.actual.memoryBytes),
  )
  if (!podShrinks && shrinking.length === 0) return undefined
  const usage = await usageOf(parts, runtime)
  const problems: string[] = []
  const total = [...usage.values()].reduce((sum, bytes) => sum + bytes, 0)
  if (podShrinks && total >= ofPod)
    problems.push(`attempting to set pod memory limit (${ofPod}) below current usage (${total})`)
  for (const { container, limits } of shrinking) {
    const used = usage.get(container.id) ?? 0
    if (used >= limits.memoryBytes)
      problems.push(
        `attempting to set container "${container.name}" memory limit (${limits.memoryBytes}) below current usage (${used})`,
      )
  }
  if (problems.length === 0) return undefined
  return `cannot decrease memory limits: ${problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`}`
}

/** Bytes in use by container id. */
async function usageOf(parts: KubeletParts, runtime: RuntimePod): Promise<ReadonlyMap<string, number>> {
  const running = runtime.containers.filter(({ state }) => state === 'running')
  const found = await Promise.all(
    running.map(async container => {
      const stats = await parts.runtime.stats(container).catch(() => undefined) // ended meanwhile
      return [container.id, stats?.memoryUsageBytes ?? 0] as const
    }),
  )
  return new Map(found)
}
