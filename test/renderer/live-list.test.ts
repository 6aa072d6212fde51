// A list kept live: batches, resumed watches, relists, and states that the user sees.
import { describe, expect, it } from 'vitest'
import { type LiveSource, type LiveState, keepLive } from '@/api/live-list.ts'
import type { WatchFrame } from '../../src/shared/client/transport.ts'
import type { AnyObject } from '../../src/shared/machinery/object.ts'
import { ApiError, gone } from '../../src/shared/machinery/status.ts'
import { eventually } from '../support/eventually.ts'

interface Item {
  readonly key: string
  readonly version: string
}
const frame = (type: WatchFrame['type'], name: string, resourceVersion: string): WatchFrame => ({
  type,
  object: { apiVersion: 'v1', kind: 'X', metadata: { name, resourceVersion } } as AnyObject,
})

/** A scripted server: what each list answers, and what each watch sends before it ends or stays open. */
function scripted(lists: (Item[] | Error)[], watches: (WatchFrame[] | Error)[]) {
  const watchedFrom: string[] = []
  const source: LiveSource<Item> = {
    list() {
      const next = lists.length > 1 ? lists.shift() : lists[0]
      return next instanceof Error
        ? Promise.reject(next)
        : Promise.resolve({ rows: next ?? [], resourceVersion: '100' })
    },
    async *watch(resourceVersion, signal) {
      watchedFrom.push(resourceVersion)
      const next = watches.shift()
      if (next instanceof Error) throw next
      yield* next ?? []
      if (watches.length === 0) await new Promise(resolve => signal.addEventListener('abort', resolve))
    },
    rowsOf: ({ object: { metadata } }) => ({
      rows: [{ key: metadata.name, version: metadata.resourceVersion }],
      resourceVersion: metadata.resourceVersion,
    }),
  }
  return { source, watchedFrom }
}

function run(source: LiveSource<Item>) {
  const stop = new AbortController()
  const seen = { rows: [] as Item[], states: [] as LiveState[], batches: 0 }
  const done = keepLive(
    source,
    {
      onRows(rows) {
        seen.rows = rows
        seen.batches++
      },
      onState: state => seen.states.push(state),
    },
    stop.signal,
  )
  return { seen, done, stop: () => stop.abort() }
}

describe('keepLive()', () => {
  it('applies additions, changes and deletions, many in one batch', async () => {
    const changes = Array.from({ length: 500 }, (_, index) => frame('ADDED', `n${index}`, String(101 + index)))
    const { source } = scripted([[{ key: 'a', version: '1' }]], [[...changes, frame('DELETED', 'a', '700')]])
    const { seen, stop, done } = run(source)
    await eventually(() => seen.rows.length === 500)
    expect(seen.rows.some(({ key }) => key === 'a')).toBe(false)
    expect(seen.batches).toBeLessThan(10)
    stop()
    await done
  })

  it('goes on from where the watch ended, without listing again', async () => {
    const { source, watchedFrom } = scripted([[], new Error('listed twice')], [[frame('ADDED', 'a', '105')], []])
    const { seen, stop, done } = run(source)
    await eventually(() => watchedFrom.length === 2)
    expect(watchedFrom).toEqual(['100', '105'])
    expect(seen.states).not.toContain('disconnected')
    stop()
    await done
  })

  it('lists again when the revision is gone, and forgets what is no longer there', async () => {
    const { source } = scripted([[{ key: 'old', version: '1' }], [{ key: 'new', version: '2' }]], [gone('too old'), []])
    const { seen, stop, done } = run(source)
    await eventually(() => seen.rows[0]?.key === 'new')
    expect(seen.rows).toHaveLength(1)
    stop()
    await done
  })

  it('asks in ever longer pauses for a list that is too old as soon as it is read', async () => {
    const { source, watchedFrom } = scripted([[]], Array<Error>(40).fill(gone('too old')))
    const { seen, stop, done } = run(source)
    await eventually(() => watchedFrom.length === 3)
    // Pauses of 0.5 and 1 s are behind; without any, all forty would be by now.
    expect(watchedFrom.length).toBe(3)
    expect(seen.states).not.toContain('disconnected')
    stop()
    await done
  })

  it('tells that it is forbidden, with the reason, instead of trying on and on', async () => {
    const { source } = scripted([new ApiError(403, 'Forbidden', 'cannot list pods')], [])
    const { seen, stop, done } = run(source)
    await eventually(() => seen.states.length > 0)
    expect(seen.states).toEqual(['forbidden'])
    stop()
    await done
  })

  it('keeps its rows while disconnected, and is live again by itself', async () => {
    const { source } = scripted([[{ key: 'a', version: '1' }]], [new TypeError('network'), []])
    const { seen, stop, done } = run(source)
    await eventually(() => seen.states.at(-1) === 'disconnected')
    expect(seen.rows).toHaveLength(1)
    await eventually(() => seen.states.at(-1) === 'live')
    stop()
    await done
  })
})
