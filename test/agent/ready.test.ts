// When a node is said to be Ready, by an agent that starts.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Node } from '../../src/shared/api/core/v1.ts'
import { Informer } from '../../src/shared/client/informer.ts'
import { isConditionTrue } from '../../src/shared/machinery/conditions.ts'
import { TestNode } from './support/test-node.ts'

let node: TestNode
beforeAll(async () => {
  node = await TestNode.start()
  await node.stopAgent()
})
afterAll(() => node?.[Symbol.asyncDispose]())

it('it is when its kubelet runs and answers through its link, not as soon as its network does', async () => {
  const nodeName = `${node.nodeName}-linked`
  const { certPem, keyPem } = await node.api.pki.issueClientCertificate({
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes', 'system:masters'],
  })
  const file = (name: string, text: string) => {
    writeFileSync(join(node.folder.path, name), text, { mode: 0o600 })
    return join(node.folder.path, name)
  }
  const stop = new AbortController()
  const informer = new Informer(node.client, Node, { fieldSelector: `metadata.name=${nodeName}` })
  const answered = new Promise((resolve, reject) => {
    const look = ({ status }: Node) => {
      if (!isConditionTrue(status.conditions, 'Ready')) return
      node.client.raw('GET', `/api/v1/nodes/${nodeName}/proxy/healthz`).then(resolve, reject)
    }
    informer.on({ added: look, updated: look })
  })
  void informer.start(stop.signal)
  await node.startAgent({ nodeName, certFile: file('node.crt', certPem), keyFile: file('node.key', keyPem) })
  await expect(answered).resolves.toBe('ok')
  stop.abort()
})
