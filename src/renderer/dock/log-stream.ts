// One container's log as a stream of lines, resumed by itself after a break without repeating lines.
import { messageOf } from '../../shared/machinery/message-of.ts'
import { connection } from '../api/connection.ts'
import { timeOrder } from './log-buffer.ts'
import { plainText } from '../plain-text.ts'
import { splitTimestamp } from './log-text.ts'
import { t } from '../i18n/i18n.ts'

export interface LogRequest {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly follow: boolean
  readonly previous: boolean
  /** RFC 3339; otherwise the newest `tailLines`. */
  readonly since?: string | undefined
  readonly tailLines: number
}

export type LogStatus = 'connecting' | 'streaming' | 'ended' | 'waiting'

export interface LogSink {
  onLine(time: string, text: string): void
  /** @param problem a sentence when the log cannot be read */
  onStatus(status: LogStatus, problem?: string): void
}

const RETRY_MS = 1_500
const MAX_LINE = 64 * 1024

function pathOf({ namespace, pod, container, follow, previous, tailLines }: LogRequest, since?: string): string {
  const query = new URLSearchParams({ container, timestamps: 'true' })
  if (follow) query.set('follow', 'true')
  if (previous) query.set('previous', 'true')
  if (since) query.set('sinceTime', since)
  else query.set('tailLines', String(tailLines))
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log?${query.toString()}`
}

const problemOf = async (answer: Response): Promise<string> => {
  const text = await answer.text()
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text
  } catch {
    return text.slice(0, 300) || t('the server answered {status}', { status: answer.status })
  }
}

const pause = (delayMs: number, signal: AbortSignal) =>
  new Promise<void>(resolve => {
    const timer = setTimeout(resolve, delayMs)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })

/** Reads until the log ends (without follow), the container is gone (404), or `signal` aborts. */
export async function streamLog(request: LogRequest, sink: LogSink, signal: AbortSignal): Promise<void> {
  let lastTime = ''
  let skipUntil = ''
  const take = (line: string) => {
    const { time, text } = splitTimestamp(line.slice(0, MAX_LINE))
    // sinceTime has whole seconds: what was shown already comes again.
    if (skipUntil && time && timeOrder(time) <= timeOrder(skipUntil)) return
    if (time) lastTime = time
    sink.onLine(time, plainText(text))
  }
  while (!signal.aborted) {
    sink.onStatus('connecting')
    try {
      skipUntil = lastTime
      const since = lastTime ? lastTime.replace(/\.\d+Z$/, 'Z') : request.since?.replace(/\.\d+Z$/, 'Z')
      const answer = await connection.fetch(pathOf(request, since), { signal })
      if (!answer.ok || !answer.body) {
        const problem = await problemOf(answer)
        if (answer.status === 404 || answer.status === 403 || !request.follow) return sink.onStatus('ended', problem)
        // A container that is still being created answers 400 until it has run.
        sink.onStatus('waiting', problem)
        await pause(RETRY_MS, signal)
        continue
      }
      sink.onStatus('streaming')
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
      let rest = ''
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        const lines = (rest + value).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) take(line)
        // A line without an end is cut, not collected.
        if (rest.length > MAX_LINE) rest = rest.slice(0, MAX_LINE)
      }
      if (rest) take(rest)
      if (!request.follow) return sink.onStatus('ended')
      sink.onStatus('waiting')
    } catch (error) {
      if (signal.aborted) return
      sink.onStatus('waiting', messageOf(error))
    }
    await pause(RETRY_MS, signal)
  }
}
