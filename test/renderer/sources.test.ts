// How lists are read: the server's Table, and what happens when its columns change; names alone.
import { describe, expect, it } from 'vitest'
import { keepLive } from '@/api/live-list.ts'
import { type Row, metadataSource, tableSource } from '@/api/sources.ts'
import type { Transport, WatchFrame } from '../../src/shared/client/transport.ts'
import { eventually } from '../support/eventually.ts'

const Boat = { group: 'example.dev', version: 'v1', kind: 'Boat', plural: 'boats', namespaced: true }
const table = (columns: readonly string[], name: string, revision: string) => ({
  kind: 'Table',
  apiVersion: 'meta.k8s.io/v1',
  metadata: { resourceVersion: revision },
  columnDefinitions: columns.map(each => ({ name: each, type: 'string' })),
  rows: [{ cells: [name], object: { metadata: { name, namespace: 'sea', resourceVersion: revision } } }],
})

/** A server whose lists have these columns, one after the other, and each of whose watches sends these frames. */
function server(lists: readonly (readonly string[])[], frames: readonly WatchFrame[]) {
  let listed = 0
  const transport: Transport = {
    request: () => Promise.resolve(table(lists[Math.min(listed++, lists.length - 1)] ?? [], 'erna', '7')),
    async *watch({ signal }) {
      yield* frames
      await new Promise(resolve => signal?.addEventListener('abort', resolve))
    },
  }
  return { transport, listed: () => listed }
}
async function follow({ transport }: ReturnType<typeof server>) {
  const stop = new AbortController()
  const told: string[][] = []
  let rows: readonly Row[] = []
  const source = tableSource(transport, Boat, {}, columns => told.push(columns.map(({ name }) => name)))
  const done = keepLive(source, { onRows: next => (rows = next), onState: () => undefined }, stop.signal)
  return { told, rows: () => rows.map(({ name }) => name), end: () => (stop.abort(), done) }
}
const added = (columns: readonly string[], name: string): WatchFrame => ({
  type: 'ADDED',
  object: table(columns, name, '8') as never,
})

describe('a list in the columns of the server', () => {
  it('is read anew when a watch comes with other columns', async () => {
    const changing = server([['Name'], ['Name', 'Sails']], [added(['Name', 'Sails'], 'anna')])
    const list = await follow(changing)
    await eventually(() => expect(list.rows()).toEqual(['erna', 'anna']))
    expect(list.told).toEqual([['Name'], ['Name', 'Sails']])
    await list.end()
  })

  it('is let be where it keeps its own all the same, and where a watch tells of none', async () => {
    const stubborn = server([['Name']], [added(['Name', 'Sails'], 'anna'), added([], 'olga')])
    const list = await follow(stubborn)
    await eventually(() => expect(list.rows()).toEqual(['erna', 'anna', 'olga']))
    expect(stubborn.listed()).toBe(2)
    await list.end()
  })
})

it('a list of names keeps neither what somebody applied nor who set which field', async () => {
  const metadata = {
    name: 'a',
    labels: { app: 'web' },
    annotations: { applied: 'x'.repeat(1000) },
    managedFields: [{}],
  }
  const transport = { request: () => Promise.resolve({ metadata: {}, items: [{ metadata: { ...metadata } }] }) }
  const source = metadataSource(transport as unknown as Transport, Boat, {})
  const { rows } = await source.list(new AbortController().signal)
  const changed = source.rowsOf({ type: 'ADDED', object: { metadata: { ...metadata } } as never }).rows
  for (const { object } of [...rows, ...changed])
    expect(JSON.parse(JSON.stringify(object))).toEqual({ metadata: { name: 'a', labels: { app: 'web' } } })
})
