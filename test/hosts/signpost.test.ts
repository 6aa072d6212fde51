// What answers where a control plane was: where it is now, to whoever asks; and it makes way when it comes back.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MovedError, type MoveMark, removeMark, writeMark } from '../../src/main/move/mark.ts'
import { type Signpost, startSignpost } from '../../src/main/move/signpost.ts'
import { openPki } from '../../src/main/pki/pki.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { freePort } from '../support/free-ports.ts'

const MARK: MoveMark = {
  id: '00000000-0000-4000-8000-000000000001',
  state: 'left',
  to: 'root@box',
  servers: ['https://10.0.0.7:6443'],
}
let dataDir: string
let port: number
let ca: string
let signpost: Signpost

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'flotilla-signpost-'))
  const pki = await openPki({ dataDir, names: ['127.0.0.1'], clock: systemClock })
  ca = pki.caPem
  port = await freePort()
  await writeMark(dataDir, MARK)
  signpost = await startSignpost({
    dataDir, listen: { host: '127.0.0.1', port }, serving: pki.serving, moved: new MovedError(MARK), clock: systemClock,
  }) // prettier-ignore
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

/** A client that keeps its side open whatever it is told. @returns what it is told */
async function ask(headers: string): Promise<string> {
  const options = { host: '127.0.0.1', port, ca, allowHalfOpen: true }
  const socket = connectTls(options)
  socket.on('error', () => undefined)
  socket.write(`GET /api HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`)
  let text = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    text += String(chunk)
    if (text.includes('root@box')) break
  }
  return text
}

test.each([
  ['a request', ''],
  ['an upgrade', 'Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n'],
])('%s is told where the control plane is', async (_what, headers) => {
  const answer = await ask(headers)
  expect(answer).toMatch(/^HTTP\/1\.1 421 /)
  expect(answer).toContain('the control plane has moved to root@box (https://10.0.0.7:6443)')
  await signpost[Symbol.asyncDispose]()
})

test('it makes way at once for the control plane that is here again, whoever keeps a connection open', async () => {
  await ask('Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n')
  const silent = connect(port, '127.0.0.1').on('error', () => undefined)
  await once(silent, 'connect')
  await removeMark(dataDir)
  await signpost.back
  await signpost[Symbol.asyncDispose]()
  const next = createServer().listen(port, '127.0.0.1')
  await once(next, 'listening')
  await new Promise(resolve => next.close(resolve))
})
