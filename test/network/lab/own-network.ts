// A network namespace that lasts as long as a test.
import { spawn } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import { eventually } from '../../support/eventually.ts'

const namespaceOf = (pid: number | 'self'): string => readlinkSync(`/proc/${pid}/ns/net`)

/** @returns what turns a command line into one that runs inside */
export async function ownNetwork(): Promise<(argv: readonly string[]) => [string, ...string[]]> {
  const holder = spawn('unshare', ['--net', 'sleep', '1000'], { stdio: 'ignore' })
  onTestFinished(() => void holder.kill('SIGKILL'))
  const { pid = 0 } = holder
  await eventually(() => namespaceOf(pid) !== namespaceOf('self'))
  return argv => ['nsenter', '-t', String(pid), '-n', '--', ...argv]
}
