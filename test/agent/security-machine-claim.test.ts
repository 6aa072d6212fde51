import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimMachine, MachineTakenError } from '../../src/agent/machine-claim.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { temporaryFolder } from './support/node.ts'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => (folder = temporaryFolder()))
afterEach(() => folder.remove())

const dataDirOf = (instance: string) => {
  const path = join(folder.path, instance)
  mkdirSync(path, { recursive: true })
  return path
}
const claim = (instance: string, pods: readonly string[] = [], waitMs = 0, ownWaitMs = waitMs) =>
  claimMachine({
    instance,
    dataDir: dataDirOf(instance),
    hasPods: other => Promise.resolve(pods.includes(other)),
    clock: systemClock,
    folder: join(folder.path, 'run'),
    waitMs,
    ownWaitMs,
  })
const claimFile = () => {
  const [name = ''] = readdirSync(join(folder.path, 'run'))
  return join(folder.path, 'run', name)
}
/** Makes the claim that of a process which is gone. */
const holderDies = () =>
  writeFileSync(claimFile(), JSON.stringify({ ...JSON.parse(readFileSync(claimFile(), 'utf8')), started: '1' }))

test('a second agent is refused while the first one lives, and told where the first one keeps its data', async () => {
  await claim('a')
  await expect(claim('b')).rejects.toThrow(MachineTakenError)
  await expect(claim('b')).rejects.toThrow(`node of another cluster (${dataDirOf('a')}, agent process ${process.pid})`)
  expect(statSync(claimFile()).mode & 0o077).toBe(0)
})
test('of many agents that start at once exactly one gets the machine', async () => {
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => claim(`agent-${i}`)))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})
test('a dead agent’s machine is taken over when its pods are gone, not while they run', async () => {
  await claim('a')
  holderDies()
  await expect(claim('b', ['a'])).rejects.toThrow(`still runs pods of another cluster (${dataDirOf('a')})`)
  await claim('b', [])
  await expect(claim('a')).rejects.toThrow(dataDirOf('b'))
})
test('an agent that starts again after a crash gets its machine back, with its pods running', async () => {
  await claim('a')
  holderDies()
  await claim('a', ['a'])
})
/** @returns a process that lives, and holds the claim of an agent */
async function holderOf(instance: string) {
  const holder = spawn('sleep', ['600'])
  await claim(instance)
  const stat = readFileSync(`/proc/${holder.pid}/stat`, 'utf8')
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  writeFileSync(claimFile(), JSON.stringify({ pid: holder.pid, started, instance, dataDir: dataDirOf(instance) }))
  return holder
}
test('a start waits for the predecessor that is about to end', async () => {
  const predecessor = await holderOf('a')
  const waiting = claim('a', [], 10_000)
  predecessor.kill('SIGKILL')
  await waiting
  expect(JSON.parse(readFileSync(claimFile(), 'utf8')).pid).toBe(process.pid)
})
test('a clean-up that was begun before is waited for by the next one, and by nobody else', async () => {
  const before = await holderOf('a')
  const waiting = claim('a', [], 0, 10_000)
  await expect(claim('b', [], 0, 10_000)).rejects.toThrow(MachineTakenError)
  before.kill('SIGKILL')
  await waiting
})
test('a claim that was given back, or is unreadable, is free', async () => {
  ;(await claim('a'))()
  ;(await claim('b', ['a']))()
  await claim('a')
  writeFileSync(claimFile(), '{"pid":1')
  await claim('b', ['a'])
})
