// Which work of the node's network runs beside which.
import { describe, expect, it } from 'vitest'
import { InOrder } from '../../src/agent/in-order.ts'
import { Serialised } from '../../src/agent/network/serialised.ts'
import { deferred } from '../../src/shared/machinery/deferred.ts'

describe('Serialised', () => {
  it('waits for the work that runs and for the work that was asked for meanwhile', async () => {
    const turns = [deferred(), deferred()]
    let begun = 0
    const work = new Serialised(() => turns[begun++]!.promise)
    const runs = [work.run(), work.run(), work.run()]
    let isSettled = false
    const settled = work.settled().then(() => (isSettled = true))
    turns[0]!.resolve()
    await runs[0]
    expect([begun, isSettled]).toEqual([begun, false])
    turns[1]!.resolve()
    await Promise.all([...runs, settled])
    expect(begun).toBe(2)
  })
  it('never runs twice at once, also when it is asked as soon as a run ends', async () => {
    let running = 0
    let most = 0
    const work = new Serialised(async () => {
      most = Math.max(most, ++running)
      await Promise.resolve()
      running--
    })
    const first = work.run()
    const waiting = work.run()
    await Promise.all([first.then(() => work.run()), waiting])
    expect(most).toBe(1)
  })
  it('is not settled between a run and the one that waits', async () => {
    const turns = [deferred(), deferred()]
    let begun = 0
    const work = new Serialised(() => turns[begun++]!.promise)
    const first = work.run()
    const waiting = work.run()
    let isSettled = false
    const settled = first.then(() => work.settled()).then(() => (isSettled = true))
    turns[0]!.resolve()
    await new Promise(resolve => setImmediate(resolve))
    expect([begun, isSettled]).toEqual([2, false])
    turns[1]!.resolve()
    await Promise.all([waiting, settled])
  })
})

describe('InOrder', () => {
  it('runs work on one thing one after the other, and goes on after a failure', async () => {
    const order = new InOrder()
    const log: string[] = []
    const first = deferred()
    const failing = order.run('a', () => first.promise)
    const second = order.run('a', () => Promise.resolve(log.push('a')))
    await order.run('b', () => Promise.resolve(log.push('b')))
    expect(log).toEqual(['b'])
    first.reject(new Error('failed'))
    await expect(failing).rejects.toThrow('failed')
    await second
    expect(log).toEqual(['b', 'a'])
    expect(order.has('a')).toBe(false)
  })
  it('runs work on several things after what was asked for of any of them, and before what is asked for later', async () => {
    const order = new InOrder()
    const log: string[] = []
    const first = deferred()
    const step = (name: string, end = Promise.resolve()) => () => end.then(() => void log.push(name)) // prettier-ignore
    const all = [
      order.run('b', step('b before', first.promise)),
      order.run(['a', 'b'], step('both')),
      order.run('a', step('a after')),
    ]
    await order.run('c', step('another'))
    expect(log).toEqual(['another'])
    first.resolve()
    await Promise.all(all)
    expect(log).toEqual(['another', 'b before', 'both', 'a after'])
    expect(['a', 'b'].some(each => order.has(each))).toBe(false)
  })
  it('runs what must be alone between what was asked for before and after, on whatever it is', async () => {
    const order = new InOrder()
    const log: string[] = []
    const [before, alone] = [deferred(), deferred()]
    const step = (name: string, end: Promise<void>) => () => {
      log.push(name)
      return end
    }
    const all = [
      order.run('a', step('before', before.promise)),
      order.run('a', step('queued before', Promise.resolve())),
      order.alone(step('alone', alone.promise)),
      order.run('a', step('after', Promise.resolve())),
      order.run('b', step('after', Promise.resolve())),
    ]
    const turn = () => new Promise(resolve => setImmediate(resolve))
    await turn()
    expect(log).toEqual(['before'])
    before.resolve()
    await turn()
    expect(log).toEqual(['before', 'queued before', 'alone'])
    alone.resolve()
    await Promise.all(all)
    expect(log).toEqual(['before', 'queued before', 'alone', 'after', 'after'])
  })
})
