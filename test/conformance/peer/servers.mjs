// The two that are compared: Flotilla's API server out of this checkout, and kube-apiserver over etcd.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { root } from '../../../scripts/lib/setup.mjs'
import { KubeApiServer } from '../../bench/kube-apiserver.mjs'
import { Client } from '../../bench/lib.mjs'

/** Bundles Flotilla's API server, and starts it. @returns a client of it, with the smallest valid object of each kind */
async function startFlotilla() {
  const program = join(root, '.cache', 'peer', 'flotilla.mjs')
  await build({
    entryPoints: [join(import.meta.dirname, 'flotilla.ts')],
    outfile: program,
    ...{ bundle: true, platform: 'node', target: 'node20', format: 'esm', packages: 'external', logLevel: 'warning' },
  })
  const child = spawn(process.execPath, [program], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise(resolve => child.once('close', resolve))
  const line = new Promise(resolve => createInterface({ input: child.stdout }).once('line', resolve))
  const told = await Promise.race([line, ended.then(code => Promise.reject(new Error(`Flotilla ended with ${code}`)))])
  const { url, ca, cert, key, minimalObjects } = JSON.parse(told)
  const client = new Client(url, { ca, cert, key })
  const stop = () => {
    client.agent.destroy()
    child.kill('SIGTERM')
    // A watch that is still open may hold it.
    const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
    return ended.finally(() => clearTimeout(force))
  }
  return Object.assign(client, { stop, minimalObjects })
}

/** @returns both, with the namespace `judge` and what pods need in it */
export async function startBoth() {
  const ours = await startFlotilla()
  const theirs = await KubeApiServer.start({ serviceRange: '10.96.0.0/16', plugins: ['NodeRestriction'] })
  const metadata = { name: 'judge' }
  for (const server of [ours, theirs]) {
    await server.call('POST', '/api/v1/namespaces', { metadata })
    for (const namespace of ['default', 'judge'])
      await server.call('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'default' } })
  }
  return { ours, theirs, minimalObjects: ours.minimalObjects, stop: () => Promise.all([ours.stop(), theirs.stop()]) }
}
