import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { Agent, type IncomingMessage, type Server, createServer, get as request } from 'node:http'
import { type AddressInfo, type Server as SocketServer, createServer as listen } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { HttpError } from '../../src/agent/api/contract.ts'
import { serveNodeLogs } from '../../src/agent/api/node-logs.ts'

let base: string
let server: Server
let socket: SocketServer
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'flotilla-node-logs-'))
  const logs = join(base, 'log')
  mkdirSync(join(logs, 'apt'), { recursive: true })
  writeFileSync(join(base, 'secret'), 'secret')
  writeFileSync(join(logs, 'syslog'), 'one\ntwo\n')
  writeFileSync(join(logs, 'empty'), '')
  writeFileSync(join(logs, '<img src=x> & %2f'), 'odd')
  symlinkSync('syslog', join(logs, 'current'))
  symlinkSync(join(base, 'secret'), join(logs, 'planted'))
  symlinkSync(base, join(logs, 'out'))
  socket = listen()
  await new Promise<void>(resolve => socket.listen(join(logs, 'dev-log'), resolve))
  server = createServer((message, response) => {
    const path = message.url!.split('/').slice(1).map(decodeURIComponent)
    serveNodeLogs(logs, path, response).catch((error: unknown) =>
      response.writeHead(error instanceof HttpError ? error.code : 500).end(),
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server?.close()
  socket?.close()
  rmSync(base, { recursive: true, force: true })
})

const get = async (path: string) => {
  const { port } = server.address() as AddressInfo
  const headers = { Connection: 'close' }
  const response = await fetch(`http://127.0.0.1:${port}/${path}`, { redirect: 'manual', headers })
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

it('a file is served as text, empty ones and those behind a link in the folder too', async () => {
  const text = { status: 200, type: 'text/plain; charset=utf-8' }
  expect(await get('syslog')).toEqual({ ...text, text: 'one\ntwo\n' })
  expect(await get('current')).toEqual({ ...text, text: 'one\ntwo\n' })
  expect(await get('empty')).toEqual({ ...text, text: '' })
})

it('a folder is a list of links, in which names are only names', async () => {
  const { status, type, text } = await get('')
  expect({ status, type }).toEqual({ status: 200, type: 'text/html; charset=utf-8' })
  expect(text).toContain('<a href="./apt/">apt/</a>\n')
  const [, href, shown] = /<a href="\.\/([^"]+)">(&#60;img[^<]+)<\/a>/.exec(text)!
  expect(shown).toBe('&#60;img src=x&#62; &#38; %2f')
  expect((await get(href!)).text).toBe('odd')
  expect((await get('apt')).status).toBe(301)
})

it('many at once are each answered with what they asked for', async () => {
  const asked = Array.from({ length: 300 }, (_, i) => (i % 2 ? '' : 'syslog'))
  const answers = await Promise.all(asked.map(get))
  expect(answers.map(({ status, text }) => `${status} ${text.split('\n')[0]}`)).toEqual(
    asked.map(path => (path ? '200 one' : '200 <pre>')),
  )
})

it('what a link leads to elsewhere, what is no file, and what is not there are not found', async () => {
  for (const path of ['planted', 'out/', 'out/secret', 'dev-log', 'none', 'syslog/x'])
    expect([path, (await get(path)).status]).toEqual([path, 404])
  for (const path of ['apt%2f..%2f..%2fsecret', '%2e%2e%2fsecret', 'a%00b']) expect((await get(path)).status).toBe(400)
})

it('a file that is cut while it is read ends the connection: the rest never comes', async () => {
  const file = join(base, 'log', 'rotated')
  writeFileSync(file, '')
  truncateSync(file, 64 * 1024 ** 2)
  server.keepAliveTimeout = 0 // or that would end it
  const { port } = server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true })
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    request({ port, host: '127.0.0.1', path: '/rotated', agent }, resolve).on('error', reject),
  )
  // Nothing is read yet: what fits into buffers is under way.
  truncateSync(file, 0)
  const ended = new Promise(resolve => response.on('error', resolve))
  response.resume()
  expect(await ended).toMatchObject({ code: 'ECONNRESET' })
  expect(response.complete).toBe(false)
  agent.destroy()
})
