// What the tray hears of a real API server, over TLS, with the app's own certificate.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Node, Pod } from '../../src/shared/api/core/v1.ts'
import { ClusterWatch } from '../../src/main/desktop/cluster-watch.ts'
import { readKubeconfig } from '../../src/main/data-folder/kubeconfig-file.ts'
import { startTestApiServer, type TestApiServer } from '../support/api-server.ts'

let cluster: TestApiServer
beforeAll(async () => (cluster = await startTestApiServer()))
afterAll(() => cluster[Symbol.asyncDispose]())

describe('ClusterWatch', () => {
  it('counts nodes, ready nodes and pods that do not run, as they change, and forgets a cluster that stopped', async () => {
    const client = cluster.clientAs()
    const onChange = vi.fn()
    const watch = new ClusterWatch(onChange)
    try {
      watch.follow(readKubeconfig(cluster.kubeconfig))
      await expect.poll(() => watch.summary, { timeout: 15_000 }).toEqual({ nodes: 0, readyNodes: 0, strandedPods: 0 })
      for (const name of ['box-1', 'box-2']) await client.create(Node, { metadata: { name }, spec: {} })
      const conditions = [{ type: 'Ready', status: 'True' }]
      await client.patch(Node, { name: 'box-1' }, { status: { conditions } }, { subresource: 'status' })
      const spec = { containers: [{ name: 'c', image: 'i' }] }
      for (const name of ['web', 'done']) await client.create(Pod, { metadata: { name, namespace: 'default' }, spec })
      await expect.poll(() => watch.summary, { timeout: 15_000 }).toEqual({ nodes: 2, readyNodes: 1, strandedPods: 2 })
      const ref = { name: 'web', namespace: 'default' }
      await client.patch(Pod, ref, { status: { phase: 'Running' } }, { subresource: 'status' })
      await expect.poll(() => watch.summary?.strandedPods, { timeout: 15_000 }).toBe(1)
      expect(onChange).toHaveBeenCalled()
      watch.follow(undefined)
      expect(watch.summary).toBeUndefined()
    } finally {
      await watch[Symbol.asyncDispose]()
    }
  })

  it('follows nothing once it is disposed of, also when the cluster comes up after that', async () => {
    const onChange = vi.fn()
    const watch = new ClusterWatch(onChange)
    await watch[Symbol.asyncDispose]()
    await using other = new ClusterWatch(() => undefined)
    for (const each of [watch, other]) each.follow(readKubeconfig(cluster.kubeconfig))
    await expect.poll(() => other.summary, { timeout: 15_000 }).toBeDefined()
    expect(watch.summary).toBeUndefined()
    expect(onChange).not.toHaveBeenCalled()
  })
})
