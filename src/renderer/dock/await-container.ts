// Waits until a container of a pod runs, and tells meanwhile what it waits for.
import { Pod } from '../../shared/api/core/v1.ts'
import { connection } from '../api/connection.ts'
import { keepLive } from '../api/live-list.ts'
import { objectSource } from '../api/sources.ts'
import type { PodRef } from '../stores/dock.ts'
import { t } from '../i18n/i18n.ts'

export type Readiness =
  | { readonly is: 'running' }
  | { readonly is: 'waiting'; readonly why: string }
  | { readonly is: 'over'; readonly why: string }

/** What a container's status says about whether one can get in. */
export function readinessOf(pod: Pod | undefined, container: string): Readiness {
  // Whoever waits has made the container, or seen it: what is not there has gone since.
  if (!pod) return { is: 'over', why: t('The pod is gone.') }
  const { spec, status } = pod
  const all = [...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? []), ...(spec?.initContainers ?? [])]
  if (!all.some(({ name }) => name === container))
    return { is: 'over', why: t('The pod has no container {container} any more.', { container }) }
  const found = [
    ...(status.containerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
    ...(status.initContainerStatuses ?? []),
  ].find(({ name }) => name === container)
  const { running, terminated, waiting } = found?.state ?? {}
  if (running) return { is: 'running' }
  if (terminated)
    return {
      is: 'over',
      why: terminated.message ?? t('It ended with exit code {exitCode}.', { exitCode: terminated.exitCode }),
    }
  if (status.phase === 'Failed' || status.phase === 'Succeeded')
    return { is: 'over', why: status.message ?? t('The pod is {phase}.', { phase: status.phase }) }
  const why = [waiting?.reason, waiting?.message].filter(Boolean).join(': ')
  return { is: 'waiting', why: why || t('The container is being created.') }
}

/** @returns undefined when it runs or the signal aborts, or why it never will run. Never throws. */
export async function awaitContainer(
  { namespace, name }: PodRef,
  container: string,
  onWait: (why: string) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  const done = new AbortController()
  let failure: string | undefined
  const source = objectSource(connection.client, Pod, { namespace, fieldSelector: `metadata.name=${name}` })
  await keepLive(
    source,
    {
      onRows(rows) {
        const found = readinessOf(rows[0]?.object, container)
        if (found.is === 'waiting') return onWait(found.why)
        if (found.is === 'over') failure = found.why
        done.abort()
      },
      onState: (_state, error) => error && onWait(error.message),
    },
    AbortSignal.any([signal, done.signal]),
  )
  return failure
}
