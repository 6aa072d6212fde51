// A program in a host or pod that asks others over TCP and UDP. One process for all questions of a place: to start one
// for each takes longer than what is asked. Tests wait for its answers as for those of any command.
import type { ChildProcess } from 'node:child_process'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Question {
  readonly protocol: 'tcp' | 'udp'
  readonly host: string
  readonly port: number
  /** Connections, or packets, one after the other. */
  readonly times: number
  /** UDP port to ask from; 0 = any. */
  readonly sourcePort: number
  readonly waitMs: number
}

const PROGRAM = `
const ways = {
  async tcp({ host, port, times, waitMs }) {
    const one = () => new Promise(done => {
      let text = ''
      const s = require('net').connect({ host, port, timeout: waitMs })
      s.on('data', d => text += d).on('end', () => done(text)).on('error', e => done(e.code)).on('timeout', () => { s.destroy(); done('TIMEOUT') })
    })
    const all = []
    for (let i = 0; i < times; i++) all.push(await one())
    return all
  },
  async udp({ host, port, times, sourcePort, waitMs }) {
    const socket = require('dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4')
    await new Promise(done => socket.bind(sourcePort, done))
    const one = () => new Promise(done => {
      const end = result => { clearTimeout(timer); socket.removeAllListeners('message').removeAllListeners('error').on('error', () => {}); done(result) }
      const timer = setTimeout(end, waitMs, 'TIMEOUT')
      socket.once('message', m => end(String(m)))
      socket.once('error', e => end(e.code))
      socket.send('x', port, host, e => e && end(e.code))
    })
    const all = []
    for (let i = 0; i < times; i++) all.push(await one())
    await new Promise(done => socket.close(done))
    return all
  },
}
require('readline').createInterface({ input: process.stdin }).on('line', async line => {
  const question = JSON.parse(line)
  console.log(JSON.stringify(await ways[question.protocol](question)))
})`

const GIVE_UP_MS = 120_000
const sleeper = new Int32Array(new SharedArrayBuffer(4))

export class Client {
  readonly #folder = mkdtempSync(join(tmpdir(), 'flotilla-client-'))
  readonly #in: number
  readonly #out: number
  #isEnded = false

  /** @param spawn starts a command in the place */
  constructor(spawn: (...argv: string[]) => ChildProcess) {
    const paths = ['in', 'out'].map(name => join(this.#folder, name))
    execFileSync('mkfifo', paths)
    const [input, output] = paths.map(path => openSync(path, constants.O_RDWR | constants.O_NONBLOCK))
    this.#in = input!
    this.#out = output!
    spawn('sh', '-c', 'exec "$3" -e "$4" <"$1" >"$2"', 'sh', ...paths, process.execPath, PROGRAM)
  }

  /** @throws Error when the program does not say anything any more */
  ask(question: Question): string[] {
    writeSync(this.#in, `${JSON.stringify(question)}\n`)
    const deadline = Date.now() + GIVE_UP_MS
    const chunk = Buffer.alloc(65_536)
    for (let text = ''; Date.now() < deadline; Atomics.wait(sleeper, 0, 0, 1)) {
      text += chunk.toString('utf8', 0, this.#read(chunk))
      if (text.endsWith('\n')) return JSON.parse(text) as string[]
    }
    throw new Error(`no word of what became of ${JSON.stringify(question)}`)
  }

  /** @returns how many bytes there were */
  #read(chunk: Buffer): number {
    try {
      return readSync(this.#out, chunk)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0
      throw error
    }
  }

  /** The program ends with its place, which may end more than once. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    for (const end of [this.#in, this.#out]) closeSync(end)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
