// The conditions that tell why a namespace is still there.
import type { NamespaceCondition } from '../../../shared/api/core/v1.ts'
import { type Clock, formatTime } from '../../../shared/machinery/clock.ts'
import { setCondition } from '../../../shared/machinery/conditions.ts'
import type { ContentOutcome } from './delete-content.ts'

interface Verdict {
  readonly type: string
  /** Undefined = fine. */
  readonly problem: { readonly reason: string; readonly message: string } | undefined
  readonly fine: { readonly reason: string; readonly message: string }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const counted = (counts: ReadonlyMap<string, number>, show: (name: string, count: number) => string): string =>
  [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => show(name, count))
    .join(', ')

function verdicts({ discoveryFailures, errors, remaining, finalizers }: ContentOutcome): Verdict[] {
  const discovery = [...discoveryFailures].map(([groupVersion, error]) => `${groupVersion}: ${messageOf(error)}`)
  const deletion = errors.slice(discoveryFailures.size)
  const left = counted(remaining, (name, count) => `${name} has ${count} resource instances`)
  const waiting = counted(finalizers, (name, count) => `${name} in ${count} resource instances`)
  return [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      problem: discovery.length
        ? {
            reason: 'DiscoveryFailed',
            message: `Discovery failed for some groups, ${discovery.length} failing: ${discovery.join(', ')}`,
          }
        : undefined,
      fine: { reason: 'ResourcesDiscovered', message: 'All resources successfully discovered' },
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      problem: undefined,
      fine: { reason: 'ParsedGroupVersions', message: 'All legacy kube types successfully parsed' },
    },
    {
      type: 'NamespaceDeletionContentFailure',
      problem: deletion.length
        ? {
            reason: 'ContentDeletionFailed',
            message: `Failed to delete all resource types, ${deletion.length} remaining: ${deletion.map(messageOf).join(', ')}`,
          }
        : undefined,
      fine: {
        reason: 'ContentDeleted',
        message: 'All content successfully deleted, may be waiting on finalization',
      },
    },
    {
      type: 'NamespaceContentRemaining',
      problem: left ? { reason: 'SomeResourcesRemain', message: `Some resources are remaining: ${left}` } : undefined,
      fine: { reason: 'ContentRemoved', message: 'All content successfully removed' },
    },
    {
      type: 'NamespaceFinalizersRemaining',
      problem: waiting
        ? {
            reason: 'SomeFinalizersRemain',
            message: `Some content in the namespace has finalizers remaining: ${waiting}`,
          }
        : undefined,
      fine: { reason: 'ContentHasNoFinalizers', message: 'All content-preserving finalizers finished' },
    },
  ]
}

export function conditionsOf(
  current: readonly NamespaceCondition[] | undefined,
  outcome: ContentOutcome,
  clock: Clock,
): NamespaceCondition[] {
  const now = formatTime(clock.now())
  return verdicts(outcome).reduce<NamespaceCondition[]>(
    (conditions, { type, problem, fine }) =>
      setCondition<NamespaceCondition>(
        conditions,
        { type, status: problem ? 'True' : 'False', ...(problem ?? fine) },
        now,
      ),
    [...(current ?? [])],
  )
}
