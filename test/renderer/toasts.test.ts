// Messages of the window, and what can be cancelled as long as one stands there.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CANCELLABLE_MS, useToastStore } from '@/stores/toasts.ts'

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
})
afterEach(() => vi.useRealTimers())

const texts = () => useToastStore().toasts.map(({ text }) => text)

describe('messages', () => {
  it('go by themselves, but failures stay', () => {
    const toasts = useToastStore()
    toasts.done('saved')
    toasts.failed('not saved', new Error('no'))
    vi.advanceTimersByTime(60_000)
    expect(texts()).toEqual(['not saved'])
  })

  it('tell what fails by itself for a while only: it is in the list of notifications', () => {
    const toasts = useToastStore()
    toasts.news('Job nightly', 'no room')
    vi.advanceTimersByTime(9_000)
    expect(texts()).toEqual(['Job nightly'])
    vi.advanceTimersByTime(1_000)
    expect(texts()).toEqual([])
  })

  it('stay while they are read', () => {
    const toasts = useToastStore()
    toasts.news('Job nightly', 'no room')
    toasts.done('saved')
    toasts.hold(true)
    vi.advanceTimersByTime(60_000)
    expect(texts()).toEqual(['Job nightly', 'saved'])
    toasts.hold(false)
    expect(texts()).toEqual([])
    toasts.hold(true)
    toasts.failed('not saved', new Error('no'))
    toasts.close(toasts.toasts[0]!.id)
    toasts.done('saved again')
    vi.advanceTimersByTime(5_000)
    expect(texts(), 'whoever closed the last one reads no more').toEqual([])
  })

  it('tell four at once', () => {
    for (const text of ['1', '2', '3', '4', '5']) useToastStore().done(text)
    expect(texts()).toEqual(['2', '3', '4', '5'])
  })
})

describe('what is about to be deleted', () => {
  it('waits some seconds, then goes on', async () => {
    const goesOn = useToastStore().goesOn('about to')
    vi.advanceTimersByTime(CANCELLABLE_MS - 1)
    expect(texts()).toEqual(['about to'])
    vi.advanceTimersByTime(1)
    expect(await goesOn).toBe(true)
    expect(texts()).toEqual([])
  })

  it('is left alone by who cancels', async () => {
    const goesOn = useToastStore().goesOn('about to')
    useToastStore().toasts[0]?.cancel?.()
    expect(await goesOn).toBe(false)
    expect(texts()).toEqual([])
  })

  it('can be cancelled however much is told meanwhile', async () => {
    const goesOn = useToastStore().goesOn('about to')
    for (let i = 0; i < 10; i++) useToastStore().done(String(i))
    expect(texts()).toEqual(['about to', '6', '7', '8', '9'])
    useToastStore().toasts[0]?.cancel?.()
    expect(await goesOn).toBe(false)
  })
})
