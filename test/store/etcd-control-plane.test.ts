// A whole control plane over a real etcd, used through kubectl: it, and etcd under it, stop and start again.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { parseStoreChoice } from '../../src/main/cli/store-choice.ts'
import { type ControlPlane, startControlPlane } from '../../src/main/control-plane.ts'
import { assertClusterAuthority } from '../../src/main/pki/cluster-authority.ts'
import { openPki } from '../../src/main/pki/pki.ts'
import { poll } from '../suites/store.ts'
import { EtcdServer } from './etcd-server.ts'
import { tempFolder } from './temp-folder.ts'

const ends: AsyncDisposable[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end[Symbol.asyncDispose]()
})
function use<T extends AsyncDisposable>(resource: T): T {
  ends.push(resource)
  return resource
}

function kubectl(kubeconfig: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('kubectl', ['--kubeconfig', kubeconfig, '--request-timeout=20s', ...args], (error, stdout, stderr) => {
      if (error) reject(new Error(stderr || error.message))
      else resolve(stdout)
    })
  })
}

test(
  'kubectl creates and watches; a restart of the control plane and one of etcd lose nothing, and revisions only grow',
  { timeout: 120_000 },
  async () => {
    const server = use(await EtcdServer.start())
    const folder = use(await tempFolder())
    const start = (port: number, dataDir = folder.path) =>
      startControlPlane({
        dataDir,
        listen: { host: '127.0.0.1', port },
        store: parseStoreChoice(`etcd=${server.url}`),
        localNode: false,
      })
    let plane: ControlPlane = await start(0)
    use({ [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose]() })
    const run = (...args: string[]) => kubectl(plane.kubeconfigPath, ...args)
    const create = async (name: string) => {
      await run('create', 'configmap', name, `--from-literal=name=${name}`)
      return Number(await run('get', 'configmap', name, '-o', 'jsonpath={.metadata.resourceVersion}'))
    }
    const revisions = [await create('first')]

    const watch = spawn('kubectl', ['--kubeconfig', plane.kubeconfigPath, 'get', 'configmaps', '-w', '-o', 'name'])
    let watched = ''
    watch.stdout.on('data', chunk => (watched += String(chunk)))
    try {
      await poll(() => watched.includes('configmap/first'))
      revisions.push(await create('second'))
      await poll(() => watched.includes('configmap/second'))

      // etcd goes away and comes back; the watch of the client stays open over it.
      await server.stop('SIGKILL')
      await poll(() => plane.server.context.store.health().state === 'read-only')
      server.launch()
      await server.ready()
      await poll(() => plane.server.context.store.health().state === 'ok')
      revisions.push(await create('third'))
      await poll(() => watched.includes('configmap/third'))
    } finally {
      const ended = once(watch, 'exit')
      watch.kill()
      await ended
    }

    const { port } = new URL(plane.url)
    await plane[Symbol.asyncDispose]()
    plane = await start(Number(port))
    expect(await run('get', 'configmap', 'third', '-o', 'jsonpath={.data.name}')).toBe('third')
    revisions.push(await create('fourth'))
    await run('delete', 'configmap', 'first')
    await expect(run('get', 'configmap', 'first')).rejects.toThrow(/NotFound/)
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b))
    expect(new Set(revisions).size).toBe(4)

    // Not with an authority of its own, nor without one: it would be another cluster on the same objects.
    const foreign = use(await tempFolder()).path
    await expect(start(0, foreign)).rejects.toThrow(
      /^the cluster in this etcd has an authority that .* lacks: .*certs export/,
    )
    await openPki({ dataDir: foreign })
    await expect(start(0, foreign)).rejects.toThrow(
      /has another certificate authority than .*certs import --replace here$/,
    )
    await cp(join(folder.path, 'pki', 'ca.crt'), join(foreign, 'pki', 'ca-previous.crt'))
    await assertClusterAuthority(plane.server.context.store, foreign)
  },
)
