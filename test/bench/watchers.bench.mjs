// A thousand watchers of a whole server over TLS and HTTP/2, a hundred of which never read: how soon the others see what
// happens, what the server's memory does, and whether those who do not read are cut off.
import { connect } from 'node:http2'
import { Server, load, ms, percentile } from './lib.mjs'

const LIVE = 900
const STALLED = 100
const STREAMS = 50
const EVENTS = 100
/** More of it than the store keeps of the past: 6,000 objects of 8 KB. */
const NOISE = 6_000
const configMap = (name, bytes) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text: 'x'.repeat(bytes) } }) // prettier-ignore
const path = namespace => `/api/v1/namespaces/${namespace}/configmaps`

const server = await Server.start(['--no-local-node'])
const { ca, cert, key } = server.agent.options
const sessions = Array.from({ length: Math.ceil((LIVE + STALLED) / STREAMS) }, () =>
  connect(server.url, { ca, cert, key }),
)
let turn = 0
const open = watched =>
  new Promise((resolve, reject) => {
    const stream = sessions[Math.floor(turn++ / STREAMS)].request({ ':path': `${watched}?watch=1` })
    stream.on('response', () => resolve(stream)).on('error', reject)
  })
for (const name of ['quiet', 'noise'])
  await server.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })

let told = 0
let onAll = () => undefined
for (let i = 0; i < LIVE; i++) {
  const stream = await open(path('quiet'))
  stream.on('data', chunk => {
    for (const byte of chunk) if (byte === 10) told++
    if (told % LIVE === 0) onAll()
  })
}
const stalled = await Promise.all(Array.from({ length: STALLED }, () => open('/api/v1/configmaps')))
for (const stream of stalled) stream.pause()

async function fanOut(what) {
  const times = []
  for (let i = 0; i < EVENTS; i++) {
    const all = new Promise(resolve => (onAll = resolve))
    const from = performance.now()
    await server.call('POST', path('quiet'), configMap(`${what}-${i}`, 1_000))
    await all
    times.push(performance.now() - from)
  }
  return `p50 ${ms(percentile(times, 50))}, p99 ${ms(percentile(times, 99))}`
}

await fanOut('warm')
const before = server.rssMb()
console.log(`${LIVE} watchers have seen a new object (and ${STALLED} do not read): ${await fanOut('alone')}`)
const noise = load(NOISE, 8, i => server.call('POST', path('noise'), configMap(`n${i}`, 8_000)))
console.log(`the same while ${NOISE} objects of 8 KB are made elsewhere: ${await fanOut('beside')}`)
await noise
console.log(`RSS before ${before.toFixed(0)} MB, after ${server.rssMb().toFixed(0)} MB`)
let cutOff = 0
await Promise.all(
  stalled.map(
    stream =>
      new Promise(resolve => {
        const timer = setTimeout(resolve, 20_000)
        stream.on('close', () => {
          cutOff++
          clearTimeout(timer)
          resolve()
        })
        stream.on('error', () => undefined)
        stream.resume()
      }),
  ),
)
console.log(`cut off: ${cutOff} of the ${STALLED} that did not read`)
for (const session of sessions) session.destroy()
await server.stop()
if (cutOff !== STALLED) process.exit(1)
