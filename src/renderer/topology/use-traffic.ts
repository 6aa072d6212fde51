// Asks the agents what connections they see, while somebody looks: agents count only then.
import { onScopeDispose, shallowRef, watch } from 'vue'
import type { ConnectionSummary } from '../../shared/machinery/connection-summary.ts'
import { connection } from '../api/connection.ts'
import { t } from '../i18n/i18n.ts'

const EVERY_MS = 3_000

/** @param nodes whose agents are asked; none = nobody looks */
export function useTraffic(nodes: () => readonly string[]) {
  const summaries = shallowRef<readonly ConnectionSummary[]>([])
  const problem = shallowRef('')
  let stop = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined

  async function ask(names: readonly string[], signal: AbortSignal): Promise<void> {
    const answers = await Promise.allSettled(
      names.map(async name => {
        const path = `/api/v1/nodes/${encodeURIComponent(name)}/proxy/flotilla/connections`
        const answer = await connection.fetch(path, { signal })
        if (!answer.ok) throw new Error(`${name}: ${(await answer.text()).slice(0, 200)}`)
        return (await answer.json()) as ConnectionSummary
      }),
    )
    if (signal.aborted) return
    summaries.value = answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []))
    const failed = answers.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined
    problem.value = failed ? t('Not every node answers: {reason}', { reason: String(failed.reason) }) : ''
    timer = setTimeout(() => void ask(names, signal), EVERY_MS)
  }
  const end = () => {
    stop.abort()
    clearTimeout(timer)
  }
  watch(
    () => nodes().join(),
    () => {
      end()
      summaries.value = []
      problem.value = ''
      const names = nodes()
      if (names.length) void ask(names, (stop = new AbortController()).signal)
    },
    { immediate: true },
  )
  onScopeDispose(end)
  return { summaries, problem }
}
