// A process that is over and that nobody asks how it ended, as those are whose parent is a container's first process.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { eventually } from './eventually.ts'

export interface Zombie extends Disposable {
  readonly pid: number
  /** When it started, as its stat line says. */
  readonly started: string
}

/** From the state on. */
const fieldsOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')

export async function zombie(): Promise<Zombie> {
  const stdio = ['ignore', 'pipe', 'ignore', 'pipe'] as const
  const parent = spawn('sh', ['-c', 'read -r end <&3 & echo $!; exec sleep 600'], { stdio: [...stdio] })
  const pid = Number(await new Promise(resolve => parent.stdout?.once('data', chunk => resolve(String(chunk)))))
  // A shell would ask; what takes its place does not.
  await eventually(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n')
  const end = parent.stdio[3] as Writable
  end.end()
  await eventually(() => fieldsOf(pid)[0] === 'Z')
  return { pid, started: fieldsOf(pid)[19] ?? '', [Symbol.dispose]: () => void parent.kill('SIGKILL') }
}
