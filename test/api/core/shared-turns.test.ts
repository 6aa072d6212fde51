// Much long work at a time: connections are looked at between any two turns, what is old gets done, what is little passes.
import { expect, test } from 'vitest'
import { yamlInChunks } from '../../../src/main/apiserver/http/to-yaml.ts'
import { endlessly, Pacer } from '../../../src/main/pieces/pacer.ts'

/** Counts the rounds of the event loop while something runs. */
function rounds(): { readonly now: () => number; readonly stop: () => void } {
  let [round, running] = [0, true]
  const next = () => {
    round++
    if (running) setImmediate(next)
  }
  setImmediate(next)
  return { now: () => round, stop: () => (running = false) }
}

async function work(turns: number, onTurn: () => void = () => undefined, pacer = new Pacer()): Promise<void> {
  for (let i = 0; i < turns; i++) {
    await pacer.pause()
    onTurn()
  }
}

test('however many ask, one has its turn between two looks at the connections', async () => {
  const { now, stop } = rounds()
  const taken: number[] = []
  await Promise.all(Array.from({ length: 50 }, () => work(3, () => taken.push(now()))))
  stop()
  expect(taken).toHaveLength(150)
  expect(new Set(taken).size).toBe(150)
})

test('what began first is done first of what is large, and little work does not wait for it', async () => {
  const done: string[] = []
  const large = ['a', 'b', 'c', 'd'].map(name => work(20).then(() => done.push(name)))
  const little = work(1).then(() => done.push('little'))
  await Promise.all([...large, little])
  expect(done.slice(0, 3)).toEqual(['little', 'a', 'b'])
})

test('what never ends has its turn soon, but is not the oldest for being there longest', async () => {
  const stream = endlessly()
  const old = new Pacer()
  const taken: string[] = []
  const done: string[] = []
  const streaming = work(20, () => taken.push('stream'), stream)
  await Promise.all([
    work(20, () => taken.push('old'), old).then(() => done.push('old')),
    ...[1, 2, 3].map(n => work(20, () => taken.push(`large ${n}`)).then(() => done.push(`large ${n}`))),
  ])
  await streaming
  expect(done[0]).toBe('old')
  const asked = taken.slice(0, 30).filter(name => name === 'stream')
  expect(asked).toHaveLength(10)
})

test('answers in YAML have theirs from the beginning, also those that are one long text', async () => {
  await yamlInChunks({}).next()
  const { now, stop } = rounds()
  const answers = Array.from({ length: 20 }, () => yamlInChunks({ text: 'x'.repeat(200_000) }))
  const begun = await Promise.all(answers.map(answer => answer.next().then(now)))
  stop()
  expect(new Set(begun).size).toBe(20)
})
