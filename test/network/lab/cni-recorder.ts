// A CNI plugin for tests: writes down what it is asked, fails when told to, and passes on what came before it.
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from './lab.ts'

const SCRIPT = `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync } = require('fs'), env = process.env
const input = JSON.parse(readFileSync(0)), command = env.CNI_COMMAND, fault = __filename + '.' + command
if (command === 'VERSION') return console.log(JSON.stringify({ cniVersion: '1.1.0', supportedVersions: ['0.4.0', '1.0.0', '1.1.0'] }))
appendFileSync(__filename + '.calls', JSON.stringify({ command, input, id: env.CNI_CONTAINERID, args: env.CNI_ARGS, netns: env.CNI_NETNS }) + '\\n')
const end = () => { if (existsSync(fault + '.hang')) setTimeout(end, 20) }
if (existsSync(fault + '.hang')) return end()
if (existsSync(fault)) { console.log(readFileSync(fault, 'utf8')); process.exit(1) }
const { cniVersion, address, prevResult } = input
if (command === 'ADD') console.log(JSON.stringify(prevResult ?? { cniVersion, ips: [{ address }] }))
`

export interface RecordedCall {
  readonly command: string
  readonly input: Readonly<Record<string, unknown>>
  readonly id?: string
  readonly args?: string
  readonly netns?: string
}

/** The plugin `recorder` among a host's own. */
export class CniRecorder {
  readonly #path: string

  constructor(host: Host) {
    this.#path = join(host.cniBinDir, 'recorder')
    writeFileSync(this.#path, SCRIPT)
    chmodSync(this.#path, 0o755)
  }

  /** What it was asked since this was last called. */
  take(): RecordedCall[] {
    const path = `${this.#path}.calls`
    if (!existsSync(path)) return []
    const lines = readFileSync(path, 'utf8').trim().split('\n')
    rmSync(path)
    return lines.map(line => JSON.parse(line) as RecordedCall)
  }

  /** Until `mend`. */
  fail(command: string, msg: string): void {
    writeFileSync(`${this.#path}.${command}`, JSON.stringify({ cniVersion: '1.0.0', code: 100, msg }))
  }
  /** Gives no answer until `mend`. */
  hang(command: string): void {
    writeFileSync(`${this.#path}.${command}.hang`, '')
  }
  mend(command: string): void {
    for (const fault of ['', '.hang']) rmSync(`${this.#path}.${command}${fault}`, { force: true })
  }
}
