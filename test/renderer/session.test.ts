// Who uses the window, and what the next one in the same browser tab finds of it.
import { type Pinia, createPinia, disposePinia, setActivePinia } from 'pinia'
import { nextTick } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connection } from '@/api/connection.ts'
import { useDockStore } from '@/stores/dock.ts'
import { useSessionStore } from '@/stores/session.ts'

const logs = { kind: 'logs', title: 'web', namespace: 'shop', labelSelector: 'app=web' } as const
const reload = vi.fn()
/** Whom the server lets in; nobody = their session ended. */
let user: string | undefined

let page: Pinia | undefined
const end = () => page && disposePinia(page)
/** The window as a page finds it that begins. */
async function load() {
  end()
  setActivePinia((page = createPinia()))
  const session = useSessionStore()
  await session.check()
  return session
}

beforeEach(() => {
  sessionStorage.clear()
  reload.mockReset()
  vi.spyOn(location, 'reload').mockImplementation(reload)
  vi.spyOn(connection, 'fetch').mockImplementation(() =>
    Promise.resolve(user ? Response.json({ user: { name: user } }) : new Response('', { status: 401 })),
  )
})
afterEach(() => {
  end()
  vi.restoreAllMocks()
})

describe('a browser tab whose session ended', () => {
  beforeEach(async () => {
    user = 'ada'
    await load()
    useDockStore().open(logs)
    await nextTick()
    user = undefined
  })

  it('has all that was open when the same one logs in again', async () => {
    const session = await load()
    expect([session.state, session.hasEnded]).toEqual(['signed-out', true])
    user = 'ada'
    await session.check()
    expect(session.state).toBe('signed-in')
    expect(useDockStore().tabs).toHaveLength(1)
    expect(reload).not.toHaveBeenCalled()
  })

  it('has nothing open when somebody else logs in after it was loaded anew', async () => {
    const session = await load()
    user = 'bob'
    await session.check()
    expect([session.user, session.state]).toEqual(['bob', 'signed-in'])
    expect(useDockStore().tabs).toEqual([])
  })

  it('is not told so by a logout, nor where nobody was before', async () => {
    sessionStorage.clear()
    const session = await load()
    expect([session.state, session.hasEnded]).toEqual(['signed-out', false])
  })

  it('begins as a new page when somebody else logs in to this one', async () => {
    const session = useSessionStore()
    await session.check()
    user = 'bob'
    await session.check()
    expect(reload).toHaveBeenCalledOnce()
    expect(session.state, 'nothing of the other one is shown meanwhile').toBe('signed-out')
    await load()
    expect(useDockStore().tabs).toEqual([])
  })
})
