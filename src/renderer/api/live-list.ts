// One list kept live: list, then watch from its revision; a lost watch resumes, a gone revision lists again. Changes
// are handed over in batches, once per frame, as a fresh array: rows that did not change keep their identity.
import { ApiError } from '../../shared/machinery/status.ts'
import type { WatchFrame } from '../../shared/client/transport.ts'
import { share } from './share.ts'

export interface Keyed {
  readonly key: string
}

export interface LiveSource<Row extends Keyed> {
  list(signal: AbortSignal): Promise<{ rows: Row[]; resourceVersion: string }>
  watch(resourceVersion: string, signal: AbortSignal): AsyncIterable<WatchFrame>
  /** Rows of one frame's object, and its resourceVersion. */
  rowsOf(frame: WatchFrame): { rows: Row[]; resourceVersion: string | undefined }
}

export type LiveState = 'loading' | 'live' | 'disconnected' | 'forbidden' | 'failed'

export interface LiveListener<Row extends Keyed> {
  onRows(rows: Row[]): void
  onState(state: LiveState, error: ApiError | undefined): void
}

/** Answers that waiting will not change. */
const isFinal = (error: unknown): error is ApiError =>
  error instanceof ApiError && [401, 403, 404, 405].includes(error.code)
const stateOf = (error: ApiError): LiveState => (error.code === 401 || error.code === 403 ? 'forbidden' : 'failed')

const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 15_000
/** A refused list may become allowed while the user looks at it. */
const FINAL_RETRY_MS = 30_000

const pause = (delayMs: number, signal: AbortSignal) =>
  new Promise<void>(resolve => {
    const timer = setTimeout(done, delayMs)
    const wake = () => done()
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', wake)
      window.removeEventListener('online', wake)
      resolve()
    }
    signal.addEventListener('abort', wake, { once: true })
    window.addEventListener('online', wake, { once: true })
  })

/** Calls `flush` at most once per frame; also when the page is hidden and frames do not come. */
function frameBatch(flush: () => void) {
  let frame = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const run = () => {
    cancel()
    flush()
  }
  const cancel = () => {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
    frame = 0
    timer = undefined
  }
  const schedule = () => {
    if (timer !== undefined) return
    frame = requestAnimationFrame(run)
    timer = setTimeout(run, 250)
  }
  return { schedule, cancel }
}

/** Runs until `signal` aborts. Never throws: every failure is a state. */
export async function keepLive<Row extends Keyed>(
  source: LiveSource<Row>,
  listener: LiveListener<Row>,
  signal: AbortSignal,
): Promise<void> {
  let rows = new Map<string, Row>()
  let resourceVersion: string | undefined
  let retryMs = FIRST_RETRY_MS
  /** Nothing was heard since the list. */
  let isFresh = true
  const batch = frameBatch(() => !signal.aborted && listener.onRows([...rows.values()]))
  signal.addEventListener('abort', batch.cancel, { once: true })

  const apply = (frame: WatchFrame) => {
    if (frame.type === 'ERROR') throw ApiError.from(frame.object as unknown as ApiError['status'])
    const { rows: changed, resourceVersion: revision } = source.rowsOf(frame)
    if (revision) resourceVersion = revision
    if (frame.type === 'BOOKMARK') return
    for (const row of changed) {
      if (frame.type === 'DELETED') rows.delete(row.key)
      else rows.set(row.key, share(rows.get(row.key), row))
    }
    batch.schedule()
  }

  while (!signal.aborted) {
    try {
      if (resourceVersion === undefined) {
        const listed = await source.list(signal)
        rows = new Map(listed.rows.map(row => [row.key, row]))
        resourceVersion = listed.resourceVersion
        isFresh = true
        if (!signal.aborted) listener.onRows(listed.rows)
      }
      if (!signal.aborted) listener.onState('live', undefined)
      const startedAt = performance.now()
      for await (const frame of source.watch(resourceVersion, signal)) {
        if (frame.type !== 'ERROR') {
          retryMs = FIRST_RETRY_MS
          isFresh = false
        }
        apply(frame)
      }
      // A server that ends watches at once must not be asked in a tight loop.
      if (!signal.aborted && performance.now() - startedAt < 1_000) await pause(retryMs, signal)
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof ApiError && (error.code === 410 || error.code === 504)) {
        // A list that is too old as soon as it is read would be asked for without end.
        if (isFresh || error.code === 504) {
          await pause(retryMs, signal)
          retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
        }
        resourceVersion = undefined
        continue
      }
      if (isFinal(error)) {
        resourceVersion = undefined
        listener.onState(stateOf(error), error)
        await pause(FINAL_RETRY_MS, signal)
        continue
      }
      listener.onState('disconnected', error instanceof ApiError ? error : undefined)
      await pause(retryMs * (0.75 + Math.random() / 2), signal)
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
    }
  }
}
