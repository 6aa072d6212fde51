// Requests of the window, where the browser breaks some of them off.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
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
