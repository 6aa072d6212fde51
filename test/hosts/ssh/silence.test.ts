// Servers that take a connection and then say nothing, or are far behind a slow line: what people are told meanwhile, and when it is given up.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import ssh2 from 'ssh2'
import { connectRoute } from '../../../src/main/provisioning/ssh/connect.ts'
import type { SshConnection } from '../../../src/main/provisioning/ssh/connection.ts'
import { eventually } from '../../support/eventually.ts'
import { ManualClock, settle } from '../../support/manual-clock.ts'
import { SlowLine } from '../../support/slow-line.ts'
import { Person } from '../support/person.ts'

let clock: ManualClock
let stages: string[]
/** By the server that says nothing. */
let heardBytes: number
const ends: (() => void)[] = []

beforeEach(() => {
  clock = new ManualClock()
  stages = []
  heardBytes = 0
})
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

const PASSWORD = 'correct horse'
function open(port: number, person = new Person({ Password: PASSWORD })): Promise<SshConnection> {
  const route = [{ host: '127.0.0.1', port, user: 'ada', identityFiles: [], identitiesOnly: true }]
  const signal = new AbortController().signal
  return connectRoute(route, {
    prompter: person,
    pins: person,
    clock,
    signal,
    stage: said => stages.push(String(said)),
  })
}

/** @returns its port */
async function tcpServer(greeting: string): Promise<number> {
  const server = createServer(socket => {
    ends.push(() => socket.destroy())
    socket.on('data', chunk => (heardBytes += chunk.length))
    if (greeting) socket.write(greeting)
  }).listen(0, '127.0.0.1')
  ends.push(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** @param log in: lets people in or not, or leaves them without a word */
async function sshServer(logIn: (method: string, context: ssh2.AuthContext) => void): Promise<number> {
  const { private: hostKey } = ssh2.utils.generateKeyPairSync('ed25519')
  const server = new ssh2.Server({ hostKeys: [hostKey] }, client => {
    client.on('error', () => undefined)
    client.on('authentication', context => logIn(context.method, context))
  }).listen(0, '127.0.0.1')
  ends.push(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

test('a port that says nothing is told of after two seconds, and given up after ten', async () => {
  const port = await tcpServer('')
  const failing = expect(open(port)).rejects.toMatchObject({
    code: 'Unreachable',
    message: expect.stringMatching(/says nothing for 10 s: either that port is no SSH server's, .*UseDNS no/) as string,
  })
  await eventually(() => ends.length === 2) // it is connected
  await settle()
  expect(stages).toEqual([`connecting to 127.0.0.1:${port}`])
  await clock.advance(2_000)
  expect(stages.at(-1)).toMatch(/takes the connection and says nothing: waiting for an SSH server to answer$/)
  await clock.advance(8_000)
  await failing
})

test('one that stops in the middle of its greeting is given up as well', async () => {
  const failing = expect(open(await tcpServer('SSH-2.0-Tarpit\r\n'))).rejects.toMatchObject({
    code: 'Unreachable',
    message: expect.stringContaining('began to speak SSH and then said nothing for 15 s') as string,
  })
  await eventually(() => heardBytes > 300) // an offer of algorithms: the greeting has come
  await clock.advance(15_000)
  await failing
})

test('a host that never says whether somebody may log in is given up after a minute', async () => {
  const port = await sshServer((method, context) => method === 'none' && context.reject(['password']))
  const failing = expect(open(port)).rejects.toMatchObject({
    code: 'Unreachable',
    message: expect.stringMatching(/does not say within 60 s whether ada may log in: .*LDAP/) as string,
  })
  await eventually(() => stages.filter(text => text === `logging in to ada@127.0.0.1:${port}`).length === 3)
  await clock.advance(60_000)
  await failing
})

test('for people nothing is too long: they may look for a password for an hour', async () => {
  const port = await sshServer((method, context) => {
    if (method === 'password') context.accept()
    else context.reject(['password'])
  })
  const person = new Person()
  const thinking = Object.assign(person, {
    ask: async (prompt: Parameters<Person['ask']>[0]) => {
      if (prompt.kind === 'HostKey') return 'yes'
      await clock.advance(3_600_000)
      return PASSWORD
    },
  })
  await using connection = await open(port, thinking)
  expect(connection.ended).toBe(false)
})

/** @returns the port of lines to a server, and back, that takes all that a program is given */
async function slowServer(line: SlowLine, back: SlowLine): Promise<number> {
  const { private: hostKey } = ssh2.utils.generateKeyPairSync('ed25519')
  const server = new ssh2.Server({ hostKeys: [hostKey] }, client => {
    client.on('error', () => undefined).on('authentication', context => context.accept())
    client.on('session', accept =>
      accept().on('exec', take => {
        const channel = take()
        channel.write('flotilla-begin\n')
        channel.on('end', () => void (channel.exit(0), channel.close())).resume()
      }),
    )
  }).listen(0, '127.0.0.1')
  const front = createServer(near => {
    const far = connect((server.address() as AddressInfo).port, '127.0.0.1')
    near.pipe(line.stream).pipe(far)
    far.pipe(back.stream).pipe(near)
    for (const end of [near, far]) ends.push(() => end.on('error', () => undefined).destroy())
  }).listen(0, '127.0.0.1')
  ends.push(() => (server.close(), front.close()))
  await Promise.all([once(server, 'listening'), once(front, 'listening')])
  return (front.address() as AddressInfo).port
}

describe('an upload that takes its way for longer than a host may say nothing', () => {
  const BYTES = 4 << 20
  let line: SlowLine
  let back: SlowLine
  let connection: SshConnection
  let running: Promise<unknown>
  /** The library's timers. */
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    ;[line, back] = [new SlowLine(), new SlowLine()]
    connection = await open(await slowServer(line, back))
    line.slow()
    running = connection.run('cat', { input: Readable.from([Buffer.alloc(BYTES)]) })
    running.catch(() => undefined)
  })
  afterEach(() => vi.useRealTimers())
  const second = async () => {
    vi.advanceTimersByTime(1_000)
    await clock.advance(1_000)
  }

  test('goes on', async () => {
    for (let seconds = 0; seconds < 60; seconds++) {
      line.let(60_000)
      await eventually(() => line.isUsedUp)
      await second()
    }
    line.let(Infinity)
    await expect(running).resolves.toMatchObject({ code: 0 })
  })
  test('ends within 40 s when nothing passes any more', async () => {
    back.slow()
    for (let seconds = 0; seconds < 40; seconds++) await second()
    await expect(running).rejects.toThrow('ended: it has said nothing for 30 s')
  })
})
