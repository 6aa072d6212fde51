// Users who talk to the API server at the same time, each over a connection of its own, HTTP/1.1 or HTTP/2: large and
// small requests in any order, compressed or not, given up half way, refused, asked before the last answer is read.
// What a user wrote it reads back; nobody's connection is cut but where the server said so.
//
//   USERS=24 ROUNDS=200 SEED=7 npm run torture -- conversations
import { Agent, request } from 'node:https'
import { connect, constants } from 'node:http2'
import { once } from 'node:events'
import { createGunzip } from 'node:zlib'
import { connect as connectTls } from 'node:tls'
import { Server } from '../bench/lib.mjs'

const USERS = Number(process.env['USERS'] ?? 16)
const ROUNDS = Number(process.env['ROUNDS'] ?? 120)
const SEED = Number(process.env['SEED'] ?? Date.now() % 100_000)
const SLOW_MS = 60_000
const PATH = '/api/v1/namespaces/default/configmaps'
const JSON_TYPE = 'application/json'

const LARGE_PATCH = Array.from({ length: 8_000 }, (_, i) => ({ op: 'add', path: `/data/k${i}`, value: 'v' }))

/** mulberry32: 0 ≤ x < 1. */
function randomOf(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A connection over HTTP/1.1: one request after the other. */
class Http1 {
  constructor({ url, agent }) {
    this.url = url
    this.agent = new Agent({ ...agent.options, keepAlive: true, maxSockets: 1 })
  }
  /** @param abortAfter bytes of the answer after which it is given up */
  ask(method, path, { body, headers = {}, chunked = false, expect = false, abortAfter } = {}) {
    return new Promise((resolve, reject) => {
      const length = body === undefined || chunked ? {} : { 'content-length': Buffer.byteLength(body) }
      const all = { ...headers, ...length, ...(expect ? { expect: '100-continue' } : {}) }
      const sent = request(`${this.url}${path}`, { method, agent: this.agent, headers: all }, async answer => {
        resolve(read(answer, answer.statusCode, answer.headers, abortAfter, () => sent.destroy()).catch(reject))
      })
      sent.on('error', reject)
      if (expect) sent.on('continue', () => sent.end(body))
      else if (chunked && body !== undefined) {
        for (let at = 0; at < body.length; at += 50_000) sent.write(body.slice(at, at + 50_000))
        sent.end()
      } else sent.end(body)
    })
  }
  close() {
    this.agent.destroy()
  }
}

/** A connection over HTTP/2. */
class Http2 {
  constructor({ url, agent }) {
    const { ca, cert, key } = agent.options
    this.session = connect(url, { ca, cert, key })
    this.session.on('error', error => (this.error = error))
    this.session.on('goaway', code => (this.error ??= new Error(`GOAWAY ${code}`)))
  }
  ask(method, path, { body, headers = {}, chunked = false, abortAfter } = {}) {
    return new Promise((resolve, reject) => {
      const stream = this.session.request({ ':method': method, ':path': path, ...headers })
      stream.on('error', reject)
      stream.on('response', answer =>
        resolve(
          read(stream, answer[':status'], answer, abortAfter, () => stream.close(constants.NGHTTP2_CANCEL)).catch(
            reject,
          ),
        ),
      )
      if (body === undefined) return stream.end()
      if (chunked) for (let at = 0; at < body.length; at += 50_000) stream.write(body.slice(at, at + 50_000))
      stream.end(chunked ? undefined : body)
    })
  }
  close() {
    this.session.close()
  }
}

async function read(stream, code, headers, abortAfter, abort) {
  const source = headers['content-encoding'] === 'gzip' ? stream.pipe(createGunzip()) : stream
  const chunks = []
  let bytes = 0
  for await (const chunk of source) {
    chunks.push(chunk)
    bytes += chunk.length
    if (abortAfter === undefined || bytes < abortAfter) continue
    stream.on('error', () => undefined)
    abort()
    return { code, headers, text: '', aborted: true }
  }
  return { code, headers, text: Buffer.concat(chunks).toString() }
}

const server = await Server.start(['--no-local-node'])
const problems = []
const counts = new Map()

/** What is listed: long answers. */
for (let i = 0; i < 400; i++)
  await server.call('POST', PATH, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `listed-${i}`, labels: { listed: 'yes' } },
    data: { a: `${i}`.padEnd(4_000, 'x') },
  })

async function user(index) {
  const random = randomOf(SEED * 1_000 + index)
  const upTo = n => Math.floor(random() * n)
  const isH2 = index % 2 === 1
  let connection = isH2 ? new Http2(server) : new Http1(server)
  const mine = new Map()
  const gzip = () => (random() < 0.5 ? { 'accept-encoding': 'gzip' } : {})
  const size = () => [10, 2_000, 15_000, 70_000, 300_000, 900_000][upTo(6)]
  const value = () =>
    Math.floor(random() * 36 ** 6)
      .toString(36)
      .padEnd(size(), 'v')
  const objectOf = (name, data) => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })
  const nameOf = i => `user-${index}-${i}`
  const aName = () => nameOf(upTo(5))

  const steps = {
    async write() {
      const [name, data] = [aName(), { a: value() }]
      const isThere = mine.has(name)
      const answer = await connection.ask(isThere ? 'PUT' : 'POST', isThere ? `${PATH}/${name}` : PATH, {
        body: objectOf(name, data),
        headers: { 'content-type': JSON_TYPE, ...gzip() },
        chunked: random() < 0.3,
        expect: !isH2 && random() < 0.2,
      })
      mine.set(name, data.a)
      return [answer, isThere ? 200 : 201, JSON.parse(answer.text).data?.a === data.a]
    },
    async patch() {
      const name = aName()
      const count = [1, 100, 4_000, 10_000][upTo(4)]
      const body = JSON.stringify(
        Array.from({ length: count }, (_, i) => ({ op: 'add', path: `/data/k${i}`, value: 'v' })),
      )
      const answer = await connection.ask('PATCH', `${PATH}/${name}?dryRun=All`, {
        body,
        headers: { 'content-type': 'application/json-patch+json', ...gzip() },
      })
      const isTooLong = (mine.get(name)?.length ?? 0) + count * 6 > 1_000_000
      return [answer, !mine.has(name) ? 404 : isTooLong ? 422 : 200, true]
    },
    /** One on the heels of the other. */
    async manyPatches() {
      const body = JSON.stringify(LARGE_PATCH)
      const headers = { 'content-type': 'application/json-patch+json' }
      const ask = () => connection.ask('PATCH', `${PATH}/listed-${index}?dryRun=All`, { body, headers })
      let answer
      for (let i = 0; i < 10 && (answer?.code ?? 200) === 200; i++) answer = await ask()
      return [answer, 200, true]
    },
    async read() {
      const name = aName()
      const answer = await connection.ask('GET', `${PATH}/${name}`, { headers: gzip() })
      return [answer, mine.has(name) ? 200 : 404, !mine.has(name) || JSON.parse(answer.text).data.a === mine.get(name)]
    },
    async list() {
      const answer = await connection.ask('GET', `${PATH}?labelSelector=listed`, { headers: gzip() })
      return [answer, 200, JSON.parse(answer.text).items.length === 400]
    },
    async giveUp() {
      await connection
        .ask('GET', `${PATH}?labelSelector=listed`, { headers: gzip(), abortAfter: 1 + upTo(600_000) })
        .catch(error => {
          if (!/aborted|cancel/i.test(error.message)) throw error
        })
      return undefined
    },
    async watch() {
      await connection
        .ask('GET', `${PATH}?watch=1&labelSelector=listed`, { headers: gzip(), abortAfter: 1 + upTo(900_000) })
        .catch(error => {
          if (!/aborted|cancel/i.test(error.message)) throw error
        })
      return undefined
    },
    async remove() {
      const name = aName()
      const answer = await connection.ask('DELETE', `${PATH}/${name}`, {})
      const code = mine.delete(name) ? 200 : 404
      return [answer, code, true]
    },
    async broken() {
      const answer = await connection.ask('POST', PATH, {
        body: `{"data": "${value()}`,
        headers: { 'content-type': JSON_TYPE },
      })
      return [answer, 400, true]
    },
    async tooLarge() {
      const answer = await connection.ask('POST', PATH, {
        body: Buffer.alloc(3_500_000, 'x'),
        headers: { 'content-type': JSON_TYPE },
        chunked: random() < 0.5,
      })
      if (!isH2 && answer.headers.connection !== 'close') problems.push('a refused body without "connection: close"')
      return [answer, 413, true]
    },
    async version() {
      return [await connection.ask('GET', '/version', {}), 200, true]
    },
  }
  const names = Object.keys(steps)
  for (let round = 0; round < ROUNDS; round++) {
    const step = names[upTo(names.length)]
    counts.set(step, (counts.get(step) ?? 0) + 1)
    const from = performance.now()
    let timer
    const late = new Promise((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${SLOW_MS / 1_000} s`)), SLOW_MS)
    })
    try {
      const result = await Promise.race([steps[step](), late])
      if (result) {
        const [{ code, text }, wanted, isRight] = result
        if (code !== wanted)
          problems.push(`user ${index}, ${step}: ${code} instead of ${wanted}: ${text.slice(0, 200)}`)
        else if (!isRight) problems.push(`user ${index}, ${step}: another content`)
      }
    } catch (error) {
      const took = (performance.now() - from).toFixed(0)
      problems.push(
        `user ${index} (HTTP/${isH2 ? 2 : 1.1}), ${step} in round ${round}: ${error.message} after ${took} ms`,
      )
      connection.close()
      connection = isH2 ? new Http2(server) : new Http1(server)
      mine.clear()
      for (let i = 0; i < 5; i++) await connection.ask('DELETE', `${PATH}/${nameOf(i)}`, {}).catch(() => undefined)
    } finally {
      clearTimeout(timer)
    }
  }
  connection.close()
}

/** Several questions at once over one connection of HTTP/1.1: the answers come in their order. */
async function pipelined() {
  const { hostname, port } = new URL(server.url)
  const { ca, cert, key } = server.agent.options
  const socket = connectTls({ host: hostname, port: Number(port), ca, cert, key, ALPNProtocols: ['http/1.1'] })
  await once(socket, 'secureConnect')
  const question = path => `GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`
  const asked = Array.from({ length: 30 }, (_, i) => (i % 3 === 2 ? 'list' : `listed-${i}`))
  socket.write(
    asked.map(what => question(what === 'list' ? `${PATH}?labelSelector=listed` : `${PATH}/${what}`)).join(''),
  )
  socket.setTimeout(SLOW_MS, () => socket.destroy())
  /** Items of lists do not say their kind. */
  const ANSWER = /"kind":"ConfigMap(?:List"|","apiVersion":"v1","metadata":\{[^}]{0,60}?"name":"(listed-\d+)")/g
  const answered = []
  let rest = ''
  socket.on('data', chunk => {
    rest += chunk
    let end = Math.max(0, rest.length - 200)
    for (const match of rest.matchAll(ANSWER)) {
      answered.push(match[1] ?? 'list')
      end = Math.max(end, match.index + match[0].length)
    }
    rest = rest.slice(end)
    if (answered.length === asked.length) socket.destroy()
  })
  await once(socket, 'close')
  if (answered.join() !== asked.join()) problems.push(`pipelined: asked ${asked.join()}, answered ${answered.join()}`)
}

console.log(`seed ${SEED}, ${USERS} users, ${ROUNDS} rounds`)
await Promise.all([pipelined(), ...Array.from({ length: USERS }, (_, i) => user(i))])
const { code } = await server.call('GET', '/readyz')
if (code !== 200) problems.push(`/readyz: ${code}`)
console.log([...counts].map(([step, count]) => `${step} ${count}`).join(', '))
console.log(`RSS ${server.rssMb().toFixed(0)} MB`)
for (const problem of problems.slice(0, 40)) console.log(problem)
console.log(`${problems.length} problems`)
await server.stop()
process.exitCode = problems.length === 0 ? 0 : 1
