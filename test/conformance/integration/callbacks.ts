// Asks what a test has made in Go: who a bearer token is, and who may do what.
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { TokenMethod } from '../../../src/main/apiserver/authn/bearer-tokens.ts'
import type { Authorizer, AuthorizationDecision } from '../../../src/main/apiserver/authz/contract.ts'
import type { UserInfo } from '../../../src/main/apiserver/request.ts'

export const tokensOf = (url: string): TokenMethod => ({
  name: 'go',
  async verify(token, audiences) {
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify({ token, audiences }) })
    const { user } = (await answer.json()) as { user: UserInfo | null }
    return user ? { user, audiences } : undefined
  },
})

/** Asks for this process, which waits: authorizers answer at once. */
const ASKER = `
  const { parentPort, workerData } = require('node:worker_threads')
  parentPort.on('message', async ({ port, flag, body }) => {
    let text = '{}'
    try {
      text = await (await fetch(workerData, { method: 'POST', body })).text()
    } finally {
      port.postMessage(text)
      Atomics.store(flag, 0, 1)
      Atomics.notify(flag, 0)
    }
  })
`
const MOST_WAIT_MS = 5_000

export function authorizerOf(url: string): Authorizer {
  const worker = new Worker(ASKER, { eval: true, workerData: url })
  worker.unref()
  return {
    authorize({ isResource, verb, group, version, namespace, resource, subresource, name, path, user }) {
      const { port1, port2 } = new MessageChannel()
      const flag = new Int32Array(new SharedArrayBuffer(4))
      const body = JSON.stringify({
        ...{ User: user, Verb: verb, Namespace: namespace, Name: name, Path: path },
        ...{ APIGroup: group, APIVersion: version, Resource: resource, Subresource: subresource },
        ResourceRequest: isResource,
      })
      worker.postMessage({ port: port2, flag, body }, [port2])
      Atomics.wait(flag, 0, 0, MOST_WAIT_MS)
      const told = receiveMessageOnPort(port1) as { message: string } | undefined
      port1.close()
      const { decision, reason } = JSON.parse(told?.message ?? '{}') as Partial<Record<'decision' | 'reason', string>>
      return { decision: (decision || 'no-opinion') as AuthorizationDecision['decision'], reason: reason ?? '' }
    },
  }
}
