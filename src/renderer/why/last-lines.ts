// The last lines that a container wrote, read once for each of its runs.
import { shallowReactive } from 'vue'
import { connection } from '../api/connection.ts'
import { plainText } from '../plain-text.ts'
import type { Evidence, LinesOf } from './cause.ts'

export type LogOf = Omit<Extract<Evidence, { kind: 'log' }>, 'kind'>

const LINES = 8
/** Containers, for one question: what the first say is what the others say. */
const MOST_READ = 8

/** Without an answer there are none: a fix still leads to the log. */
export async function readLastLines({ pod, container, previous }: LogOf): Promise<readonly string[]> {
  const query = new URLSearchParams({ container, tailLines: String(LINES), ...(previous ? { previous: 'true' } : {}) })
  const path = `/api/v1/namespaces/${encodeURIComponent(pod.namespace ?? '')}/pods/${encodeURIComponent(pod.name)}/log`
  try {
    const answer = await connection.fetch(`${path}?${query.toString()}`)
    return answer.ok
      ? plainText(await answer.text())
          .trimEnd()
          .split('\n')
          .filter(Boolean)
      : []
  } catch {
    return []
  }
}

/** @returns a reader that knows nothing yet when first asked, and tells by reactivity once it does */
export function useLastLines(): LinesOf {
  const read = shallowReactive(new Map<string, readonly string[]>())
  /** The run that was asked for last. */
  const asked = new Map<string, number>()
  return (log, run) => {
    const { pod, container, previous } = log
    const key = [pod.namespace, pod.name, container, previous].join('/')
    if (asked.get(key) !== run && (asked.has(key) || asked.size < MOST_READ)) {
      asked.set(key, run)
      void readLastLines(log).then(found => read.set(key, found))
    }
    // Those of the run before, until those of this one are there.
    return read.get(key) ?? []
  }
}
