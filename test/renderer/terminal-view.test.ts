// A terminal: what is typed reaches the container, also what is typed while one waits for it.
import { createPinia, setActivePinia } from 'pinia'
import { createApp, h } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Pod } from '../../src/shared/api/core/v1.ts'
import { type StreamSocket, connection } from '@/api/connection.ts'
import TerminalView from '@/dock/TerminalView.vue'
import { make } from './support/objects.ts'

/** Of the container. */
let state: object = {}
let watcher: ReadableStreamDefaultController<Uint8Array> | undefined
const box = () =>
  make(Pod, 'box', {
    metadata: { uid: 'box' },
    spec: { containers: [{ name: 'debugger', image: 'tools' }] },
    status: { phase: 'Running', containerStatuses: [{ name: 'debugger', state }] } as never,
  } as never)
const STDIN = 0
const stream: StreamSocket = {
  onopen: undefined,
  onmessage: undefined,
  onclose: undefined,
  send: ([channel = 0, ...data]) =>
    Promise.resolve(void (channel === STDIN && sent.push(new TextDecoder().decode(new Uint8Array(data))))),
  close: () => undefined,
}
const sent: string[] = []
const page = document.body.appendChild(document.createElement('div'))
const streams = { stdin: true, tty: false }
const tab = { id: 1, kind: 'terminal', title: 'box', use: 'debug', pod: { namespace: 'default', name: 'box' }, container: 'debugger', streams } as const // prettier-ignore
let app: ReturnType<typeof createApp>
beforeEach(() => {
  setActivePinia(createPinia())
  vi.stubGlobal('fetch', (input: RequestInfo | URL, { signal }: RequestInit = {}) => {
    if (!String(input).includes('watch='))
      return Promise.resolve(Response.json({ metadata: { resourceVersion: '1' }, items: [box()] }))
    const start = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      watcher = controller
      signal?.addEventListener('abort', () => controller.error(signal.reason))
    }
    return Promise.resolve(new Response(new ReadableStream({ start })))
  })
  vi.spyOn(connection, 'openStream').mockReturnValue(stream)
  app = createApp({ render: () => h(TerminalView, { tab, active: true }) })
  app.mount(page)
})
afterEach(() => {
  app.unmount()
  page.remove()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

function type(text: string) {
  const field = page.querySelector('textarea')
  for (const key of text)
    field?.dispatchEvent(
      Object.assign(new KeyboardEvent('keypress', { bubbles: true }), { charCode: key.charCodeAt(0) }),
    )
}

it('keeps what is typed while the container is made, and sends it once it runs', async () => {
  await vi.waitFor(() => expect(page.querySelector('[role=status]')?.textContent).toContain('being created'))
  await vi.waitFor(() => expect(watcher).toBeDefined())
  type('ls')
  state = { running: {} }
  watcher?.enqueue(new TextEncoder().encode(`${JSON.stringify({ type: 'MODIFIED', object: box() })}\n`))
  await vi.waitFor(() => expect(stream.onopen).toBeDefined())
  stream.onopen?.('v5.channel.k8s.io')
  expect(sent.join('')).toBe('\nls')
})
