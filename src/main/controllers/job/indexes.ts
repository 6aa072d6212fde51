// Completion indexes and their compact form: `0-2,4` = 0, 1, 2 and 4.
import type { Pod } from '../../../shared/api/core/v1.ts'

export const INDEX = 'batch.kubernetes.io/job-completion-index'

/** @returns undefined for a pod without a valid index */
export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[INDEX]
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined
}

/** @param completions indexes from here on are left out: a Job that was made shorter has them no more */
export function parseIndexes(text: string | undefined, completions: number): Set<number> {
  const indexes = new Set<number>()
  for (const part of text ? text.split(',') : []) {
    const [first = Number.NaN, last = first] = part.split('-').map(Number)
    for (let index = first; index <= last && index < completions; index++) indexes.add(index)
  }
  return indexes
}

export function formatIndexes(indexes: Iterable<number>): string {
  const parts: string[] = []
  let first: number | undefined
  let last = 0
  const close = () => {
    if (first !== undefined)
      parts.push(first === last ? `${first}` : last === first + 1 ? `${first},${last}` : `${first}-${last}`)
  }
  for (const index of [...indexes].sort((a, b) => a - b)) {
    if (first !== undefined && index === last + 1) {
      last = index
      continue
    }
    close()
    first = index
    last = index
  }
  close()
  return parts.join(',')
}
