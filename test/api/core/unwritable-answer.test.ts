// An answer that cannot be written, such as one with a header that HTTP does not know.
import { expect, test } from 'vitest'
import type { SubresourceHandler } from '../../../src/main/apiserver/endpoints/contract.ts'
import { startTestApiServer } from '../../support/api-server.ts'
import { PODS, pod, raw } from './support/raw.ts'

test('an answer that cannot be written ends its connection, and the server goes on', async () => {
  const handler: SubresourceHandler = {
    group: '',
    resource: 'pods',
    subresource: 'odd',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    methods: { GET: 'get' },
    handle: async () => ({ code: 200, object: {}, headers: { 'x-odd': 'a\nb' } }),
  }
  await using server = await startTestApiServer({ subresources: [handler] })
  await raw(server, PODS, { body: pod('p') })
  await expect(raw(server, `${PODS}/p/odd`)).rejects.toThrow(/socket hang up|other side closed|ECONNRESET/)
  expect((await raw(server, `${PODS}/p`)).code).toBe(200)
})
