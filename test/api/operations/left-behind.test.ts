// What requests leave in memory once they are answered.
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { expect, test } from 'vitest'
import { startTestApiServer } from '../../support/api-server.ts'
import { cleanYoung, grownOldBy } from '../../support/old-memory.ts'

const CALLS = 1_500
const CLIENTS = 4
const NOTE = 'x'.repeat(8_000)

test('an answered request leaves nothing behind that only a full collection of garbage would find', async () => {
  await using cluster = await startTestApiServer()
  const { url, pki } = cluster
  const agent = new Agent({
    keepAlive: true,
    maxSockets: CLIENTS,
    ca: pki.caPem,
    cert: pki.admin.certPem,
    key: pki.admin.keyPem,
  })
  const get = async (): Promise<void> => {
    const asked = request(`${url}/api/v1/namespaces/default`, { agent, headers: { 'x-note': NOTE } })
    asked.end()
    const [answer] = await once(asked, 'response')
    await once(answer.resume(), 'end')
  }
  for (let i = 0; i < 100; i++) await get()
  let called = 0
  const client = async (): Promise<void> => {
    while (called++ < CALLS) {
      await get()
      if (called % 500 === 0) cleanYoung()
    }
  }
  const grown = await grownOldBy(async () => {
    await Promise.all(Array.from({ length: CLIENTS }, client))
  })
  agent.destroy()
  expect(grown).toBeLessThan((CALLS * NOTE.length) / 3)
})
