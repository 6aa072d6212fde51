// What is accepted in jobs, and still worth a word.
import type { JobSpec } from '../../../../shared/api/batch/v1.ts'
import { templateWarnings } from '../core/pod/warnings.ts'

const MANY_COMPLETIONS = 100_000
const MANY_AT_ONCE = 10_000

export function jobSpecWarnings(path: string, spec: JobSpec | undefined): string[] {
  const { completionMode, completions = 0, parallelism = 0, template } = spec ?? {}
  const isHuge = completionMode === 'Indexed' && completions > MANY_COMPLETIONS && parallelism > MANY_AT_ONCE
  return [
    ...(isHuge
      ? [
          `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
        ]
      : []),
    ...templateWarnings(`${path}.template`, template),
  ]
}
