// What webhooks are shown and make of objects of very many parts is written, compared and copied piece by piece.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isUnchanged } from '../../../src/main/apiserver/admission/changed-object.ts'
import { WebhookTransport } from '../../../src/main/apiserver/webhook/transport.ts'
import { startWebhookServer, type WebhookServer } from '../../support/webhook-server.ts'

let hooks: WebhookServer
beforeAll(async () => (hooks = await startWebhookServer()))
afterAll(() => hooks[Symbol.asyncDispose]())

const MANY = 200_000
const made = (count: number) => ({ data: Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v'])) })

test('others have their turn while it is looked for what a webhook has changed', async () => {
  const request = { resource: {} } as Parameters<typeof isUnchanged>[0]
  expect(isUnchanged(request, made(10), made(10))).toBe(true)
  const answer = isUnchanged(request, made(MANY), made(MANY))
  expect(answer).toBeInstanceOf(Promise)
  expect(await answer).toBe(true)
  expect(await isUnchanged(request, made(MANY), made(MANY + 1))).toBe(false)
})

test('others have their turn while a webhook’s question is written', async () => {
  hooks.on('/', ({ uid }: { uid: string }) => ({ allowed: true, uid }))
  using transport = new WebhookTransport(() => Promise.reject(new Error('is not dialled')))
  let isWritten = false
  const last = {
    get at() {
      isWritten = true
      return 'end'
    },
  }
  const request = { uid: 'a', object: { ...made(MANY), last } }
  const answer = transport.post(hooks.webhook('/').clientConfig, { request }, { timeoutMs: 30_000 })
  expect(isWritten).toBe(false)
  expect(await answer).toMatchObject({ response: { uid: 'a', allowed: true } })
  expect(hooks.calls[0]?.request).toMatchObject({ object: { last: { at: 'end' } } })
})
