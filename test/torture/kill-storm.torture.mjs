// kill -9 storms against the real server: whatever a client was told is stored must be there after the next start, with
// the same uid and resourceVersion, and versions never go back.
import { rmSync } from 'node:fs'
import { Server } from '../bench/lib.mjs'
import { assert } from './lib.mjs'

const ROUNDS = Number(process.env['ROUNDS'] ?? 8)
const CLIENTS = 16
const configmaps = '/api/v1/namespaces/default/configmaps'
/** By name, the newest state that was acknowledged; null = deleted. */
const acknowledged = new Map()
/** Names whose last call got no answer: either state is right. */
const unknown = new Set()
let newest = 0
let dataDir
let writes = 0

for (let round = 0; round <= ROUNDS; round++) {
  const server = await Server.start(['--no-local-node'], dataDir)
  dataDir = server.dataDir
  const list = JSON.parse((await server.call('GET', configmaps)).text)
  assert(Number(list.metadata.resourceVersion) >= newest, `the version went back: ${list.metadata.resourceVersion}`)
  const found = new Map(list.items.map(({ metadata }) => [metadata.name, metadata]))
  for (const [name, state] of acknowledged) {
    if (unknown.has(name)) continue
    const there = found.get(name)
    assert(there?.uid === state?.uid, `${name} was acknowledged as ${state?.uid} and is ${there?.uid}`)
    assert(there?.resourceVersion === state?.resourceVersion, `${name} is at another version than acknowledged`)
  }
  unknown.clear()
  acknowledged.clear()
  for (const [name, metadata] of found) acknowledged.set(name, metadata)
  if (round === ROUNDS) {
    await server.stop({ reset: true })
    break
  }
  let stopped = false
  const attempt = async (name, method, path, body) => {
    unknown.add(name)
    const { code, text } = await server.call(method, path, body)
    assert(code < 300, `${method} ${path}: ${code} ${text.slice(0, 200)}`)
    unknown.delete(name)
    const { metadata } = JSON.parse(text)
    acknowledged.set(name, method === 'DELETE' ? null : metadata)
    newest = Math.max(newest, Number(metadata?.resourceVersion ?? 0))
    writes++
    return metadata
  }
  const client = async id => {
    for (let i = 0; !stopped; i++) {
      const name = `r${round}-c${id}-${i}`
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'x'.repeat(i % 2000) } }
      try {
        const metadata = await attempt(name, 'POST', configmaps, body)
        body.metadata = metadata
        body.data.b = 'changed'
        if (i % 3 > 0) await attempt(name, 'PUT', `${configmaps}/${name}`, body)
        if (i % 3 > 1) await attempt(name, 'DELETE', `${configmaps}/${name}`)
      } catch (error) {
        if (!stopped) throw error
      }
    }
  }
  const clients = Array.from({ length: CLIENTS }, (_, id) => client(id))
  await new Promise(resolve => setTimeout(resolve, 300 + Math.random() * 1200))
  const exited = new Promise(resolve => server.child.once('exit', resolve))
  stopped = true
  server.child.kill('SIGKILL')
  await exited
  await Promise.all(clients)
  server.agent.destroy()
}
rmSync(dataDir, { recursive: true, force: true })
console.log(`${ROUNDS} kills of the server, ${writes} acknowledged writes, none lost, no version went back`)
