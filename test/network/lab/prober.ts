// A program in a pod that answers on TCP and UDP ports, and tries on command which of many targets it can reach.
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Place } from './lab.ts'

export interface Target {
  readonly protocol: 'TCP' | 'UDP'
  readonly ip: string
  readonly port: number
}

const PROGRAM = `
const net = require('net'), dgram = require('dgram')
const ports = process.argv.slice(1).map(Number)
const bound = ports.flatMap(port => [
  new Promise(done => net.createServer(s => { s.on('error', () => {}); s.on('data', d => s.write(d)) }).listen(port, '0.0.0.0', done)),
  new Promise(done => { const u = dgram.createSocket('udp4'); u.on('message', (m, r) => u.send(m, r.port, r.address)); u.bind(port, '0.0.0.0', done) }),
])
const WAIT = 300
const tcp = ({ ip, port }) => new Promise(done => {
  const s = net.connect({ host: ip, port })
  const end = result => { clearTimeout(timer); s.destroy(); done(result) }
  const timer = setTimeout(end, WAIT, false)
  s.on('connect', () => s.write('x')).on('data', () => end(true)).on('error', () => end(false))
})
const udp = ({ ip, port }) => new Promise(done => {
  const u = dgram.createSocket('udp4')
  const end = result => { clearTimeout(timer); clearInterval(again); u.close(); done(result) }
  const timer = setTimeout(end, WAIT, false)
  const send = () => u.send('x', port, ip, () => {})
  const again = setInterval(send, WAIT / 3)
  u.on('message', () => end(true)).on('error', () => {})
  send()
})
Promise.all(bound).then(() => console.log('up'))
require('readline').createInterface({ input: process.stdin }).on('line', async line => {
  const { id, targets } = JSON.parse(line)
  const results = await Promise.all(targets.map(t => (t.protocol === 'UDP' ? udp : tcp)(t)))
  console.log(JSON.stringify({ id, results }))
})`

export class Prober {
  readonly #child: ChildProcess
  readonly #answers = new Map<number, (results: boolean[]) => void>()
  readonly #up: Promise<void>
  #next = 1

  constructor(place: Place, ports: readonly number[]) {
    this.#child = place.spawn(process.execPath, '-e', PROGRAM, ...ports.map(String))
    this.#up = new Promise((resolve, reject) => {
      this.#child.once('exit', () => reject(new Error('the prober ended')))
      createInterface({ input: this.#child.stdout! }).on('line', line => {
        if (line === 'up') return resolve()
        const { id, results } = JSON.parse(line) as { id: number; results: boolean[] }
        this.#answers.get(id)?.(results)
        this.#answers.delete(id)
      })
    })
  }

  async ready(): Promise<this> {
    await this.#up
    return this
  }

  /** @returns for each target whether it answered */
  reach(targets: readonly Target[]): Promise<boolean[]> {
    const id = this.#next++
    const answer = new Promise<boolean[]>(resolve => this.#answers.set(id, resolve))
    this.#child.stdin!.write(`${JSON.stringify({ id, targets })}\n`)
    return answer
  }
}
