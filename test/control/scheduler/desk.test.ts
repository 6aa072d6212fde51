// Who answers questions about placement while control planes take turns.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SchedulingDesk } from '../../../src/main/scheduler/desk.ts'
import { type Scheduler, startScheduler } from '../../../src/main/scheduler/scheduler.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { deferred } from '../../../src/shared/machinery/deferred.ts'
import { makePod } from './fixtures.ts'
import { type SchedulingCluster, startSchedulingCluster } from './support.ts'

let cluster: SchedulingCluster
beforeAll(async () => {
  cluster = await startSchedulingCluster({ passive: true })
  await cluster.addNode('a')
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

/** A desk that counts the watchers that were started and have ended. */
function countingDesk(starts: () => Promise<Scheduler> = () => start(true)) {
  const watchers = { started: 0, ended: 0 }
  const desk = new SchedulingDesk(async () => {
    watchers.started++
    const watcher = await starts()
    return {
      sight: watcher.sight,
      depth: watcher.depth,
      [Symbol.asyncDispose]: async () => {
        watchers.ended++
        await watcher[Symbol.asyncDispose]()
      },
    }
  })
  return { desk, watchers }
}
const start = (passive: boolean) => startScheduler({ client: cluster.client, clock: systemClock, passive })
const ask = async (desk: SchedulingDesk) => (await desk.explain(makePod('asked'), false)).nodes.map(({ name }) => name)

test('nobody watches until somebody asks, and then one for all', async () => {
  const { desk, watchers } = countingDesk()
  await using _ = desk
  expect(watchers.started).toBe(0)
  expect(await Promise.all([ask(desk), ask(desk)])).toEqual([['a'], ['a']])
  expect(watchers.started).toBe(1)
})

test('a scheduler that takes over answers, and the watcher ends; when it has lost the lead another one watches', async () => {
  const { desk, watchers } = countingDesk()
  await ask(desk)
  const leading = desk.serve(await start(false))
  expect(await ask(desk)).toEqual(['a'])
  expect(watchers.started).toBe(1)
  await leading[Symbol.asyncDispose]()
  expect(await ask(desk)).toEqual(['a'])
  expect(watchers.started).toBe(2)
  await desk[Symbol.asyncDispose]()
  expect(watchers.ended).toBe(2)
})

test('a watcher that cannot start is told to who asks, tried again, and no harm to a take-over', async () => {
  let fails = true
  const { desk, watchers } = countingDesk(() => (fails ? Promise.reject(new Error('no watch')) : start(true)))
  await expect(ask(desk)).rejects.toThrow('no watch')
  const failing = ask(desk)
  const leading = desk.serve(await start(false))
  await expect(failing).rejects.toThrow('no watch')
  await leading[Symbol.asyncDispose]()
  fails = false
  expect(await ask(desk)).toEqual(['a'])
  expect(watchers.started).toBe(3)
  await desk[Symbol.asyncDispose]()
})

test('a watcher that fails late does not make another one of later forgotten', async () => {
  const first = deferred<Scheduler>()
  const watchersOf = [first.promise, start(true)]
  const { desk, watchers } = countingDesk(() => watchersOf.shift()!)
  const failing = ask(desk)
  const leading = desk.serve(await start(false))
  await leading[Symbol.asyncDispose]()
  const second = ask(desk)
  first.reject(new Error('no watch'))
  await expect(failing).rejects.toThrow('no watch')
  expect([await second, await ask(desk)]).toEqual([['a'], ['a']])
  await desk[Symbol.asyncDispose]()
  expect(watchers).toEqual({ started: 2, ended: 1 })
})
