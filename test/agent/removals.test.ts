// When the dead containers of pods that are over are removed.
import { expect, it } from 'vitest'
import { Removals } from '../../src/agent/kubelet/removals.ts'
import { RuntimeError } from '../../src/agent/kubelet/runtime/contract.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { ManualClock } from '../support/manual-clock.ts'

/** @param refused of which the engine does not remove the container */
function start(refused = '') {
  const clock = new ManualClock()
  const removed: string[] = []
  const removals = new Removals({
    clock,
    log: silentLog,
    runtime: {
      async remove(id) {
        if (id === refused) throw new RuntimeError('failed', 'busy')
        removed.push(id)
      },
    },
  })
  return { clock, removals, removed, passed: (ms: number) => clock.advance(ms) }
}

it('removes what is dead at once while no pod ends', async () => {
  const { removals, removed, passed } = start()
  removals.add('a', ['1', '2'])
  expect(removals.has('a')).toBe(true)
  await passed(0)
  expect(removed).toEqual(['1', '2'])
  expect(removals.has('a')).toBe(false)
})

it('waits until the last pod that ends has ended', async () => {
  const { removals, removed, passed } = start()
  const [first, second] = [removals.hold(), removals.hold()]
  removals.add('a', ['1'])
  first[Symbol.dispose]()
  removals.add('b', ['2'])
  await passed(5_000)
  expect(removed).toEqual([])
  second[Symbol.dispose]()
  await passed(0)
  expect(removed).toEqual(['1', '2'])
})

it('waits no longer than ten seconds, however many pods end one after the other', async () => {
  const { removals, removed, passed } = start()
  removals.hold()
  removals.add('a', ['1'])
  await passed(6_000)
  removals.add('b', ['2'])
  await passed(5_000)
  expect(removed).toEqual(['1', '2'])
  removals.add('c', ['3'])
  await passed(9_000)
  expect(removed).toEqual(['1', '2'])
  await passed(1_000)
  expect(removed).toEqual(['1', '2', '3'])
})

it('goes on after one that cannot be removed, which is an orphan then', async () => {
  const { removals, removed, passed } = start('1')
  removals.add('a', ['1'])
  removals.add('b', ['2'])
  await passed(0)
  expect(removed).toEqual(['2'])
  expect(removals.has('a')).toBe(false)
})

it('begins no other once the agent stops', async () => {
  const { removals, removed } = start()
  removals.hold()
  removals.add('a', ['1'])
  await removals[Symbol.asyncDispose]()
  expect(removed).toEqual([])
})
