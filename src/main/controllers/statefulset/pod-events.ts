// What a StatefulSet does to a pod, told as upstream tells it: that it went well, or why it did not.
import type { StatefulSet } from '../../../shared/api/apps/v1.ts'
import type { ControllerContext } from '../../../shared/client/reconciler.ts'

/** @throws whatever `act` throws, after telling it; `silent` errors are not told */
export async function tellingOf<T>(
  { events }: ControllerContext,
  set: StatefulSet,
  verb: 'Create' | 'Update' | 'Delete',
  pod: string,
  act: () => Promise<T>,
  silent: (error: unknown) => boolean = () => false,
): Promise<T> {
  const what = `${verb} Pod ${pod} in StatefulSet ${set.metadata.name}`
  try {
    const done = await act()
    events.event(set, 'Normal', `Successful${verb}`, `${what} successful`)
    return done
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    if (!silent(error)) events.event(set, 'Warning', `Failed${verb}`, `${what} failed error: ${why}`)
    throw error
  }
}
