// How the control plane keeps an agent of its own machine running.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Supervisor } from '../../src/main/local-node/supervisor.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { temporaryFolder } from './support/node.ts'

test('that another cluster has the machine is told once for each of them, and tried again soon, then more seldom', async () => {
  const folder = temporaryFolder()
  const clock = new ManualClock()
  const told: [string, boolean][] = []
  let script = 'echo ada has it; exit 3'
  let started = 0
  const supervisor = new Supervisor({
    clock,
    logPath: join(folder.path, 'agent.log'),
    command: () => {
      started++
      return Promise.resolve({ command: 'sh', args: ['-c', script], env: {} })
    },
    onExit: (...what) => void told.push(what),
  })
  const ended = () => eventually(() => expect(clock.pending).toBe(1))
  const triedAgainAfter = async (ms: number) => {
    const before = started
    await clock.advance(ms - 1)
    expect(started).toBe(before)
    await clock.advance(1)
    expect(started).toBe(before + 1)
    await ended()
  }
  await ended()
  await triedAgainAfter(500)
  await triedAgainAfter(1_000)
  expect(told).toEqual([['ada has it', true]])
  script = 'echo grace has it; exit 3'
  await triedAgainAfter(2_000)
  script = 'echo it broke; exit 1'
  await triedAgainAfter(4_000)
  await triedAgainAfter(8_000)
  const broke = ['it broke', false]
  expect(told.slice(1)).toEqual([['grace has it', true], broke, broke])
  await supervisor[Symbol.asyncDispose]()
  folder.remove()
})
