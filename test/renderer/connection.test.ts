// Requests of the window, where the browser breaks some of them off.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Pod } from '../../src/shared/api/core/v1.ts'
import { collectionPath } from '../../src/shared/machinery/resource-type.ts'
import { connect } from '@/api/connection.ts'

const broken = () => Promise.reject(new TypeError('Failed to fetch'))
const fine = () => Promise.resolve(new Response('{}', { headers: { 'content-type': 'application/json' } }))

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a request that the browser breaks off', () => {
  it('is tried again when it only reads', async () => {
    const answers = [broken, broken, fine]
    const send = vi.fn(() => answers.shift()!())
    const read = connect('', send).fetch('/api/v1')
    await vi.advanceTimersByTimeAsync(2_000)
    expect((await read).ok).toBe(true)
    expect(send).toHaveBeenCalledTimes(3)
  })

  it('fails when it goes on like that', async () => {
    const send = vi.fn(broken)
    const read = connect('', send).fetch('/api/v1').catch(String)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await read).toBe('TypeError: Failed to fetch')
    expect(send).toHaveBeenCalledTimes(3)
  })

  it('is not tried again when it writes: it may have been done', async () => {
    const send = vi.fn(broken)
    const write = connect('', send).fetch('/api/v1/namespaces', { method: 'POST' }).catch(String)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await write).toBe('TypeError: Failed to fetch')
    expect(send).toHaveBeenCalledTimes(1)
  })

  it('is not tried again when nobody waits for it any more', async () => {
    const send = vi.fn(broken)
    const read = connect('', send).fetch('/api/v1', { signal: AbortSignal.abort() }).catch(String)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await read).toBe('TypeError: Failed to fetch')
    expect(send).toHaveBeenCalledTimes(1)
  })
})

describe('a name that a browser takes for a step up', () => {
  const { client, tables, openStream, fetch } = connect('http://cluster', () => Promise.resolve(Response.json({})))
  it.each<[string, () => unknown]>([
    ['an object', () => client.get(Pod, { namespace: 'shop', name: '..' })],
    ['a namespace', () => client.list(Pod, { namespace: '..' })],
    ['what is deleted', () => client.delete(Pod, { namespace: 'shop', name: '..' })],
    ['a table', () => tables.request({ method: 'GET', path: collectionPath(Pod, '.') })],
    ['a path by hand', () => client.raw('GET', '/api/v1/namespaces/../pods?limit=1')],
    ['a log', () => fetch('/api/v1/namespaces/shop/pods/../log?container=main')],
    ['a terminal', () => openStream('/api/v1/namespaces/shop/pods/../exec?command=sh', [])],
  ])('is the name of nothing: of %s', async (_of, ask) => {
    const told = await Promise.resolve()
      .then(ask)
      .catch((error: unknown) => error)
    expect(told).toMatchObject({ code: 404, reason: 'NotFound' })
  })
  it('is no matter in a query', async () => {
    const answer = await fetch('/api/v1/namespaces/shop/pods/box/log?path=/../..')
    expect(answer.ok).toBe(true)
  })
})
