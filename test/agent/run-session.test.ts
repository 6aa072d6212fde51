// What goes between a client's streams and a process in a container.
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { SessionStreams, TerminalSize } from '../../src/agent/api/streams/contract.ts'
import { runSession } from '../../src/agent/api/streams/run.ts'
import { deferred } from '../../src/shared/machinery/deferred.ts'
import { eventually } from '../support/eventually.ts'

test('of the sizes that a client floods its terminal with, one is set at a time, and in the end the last one', async () => {
  let resize: (size: TerminalSize) => void = () => undefined
  const client: SessionStreams = {
    stdin: undefined,
    stdout: undefined,
    stderr: undefined,
    onResize: listener => (resize = listener),
    finish: () => Promise.resolve(),
    closed: new AbortController().signal,
  }
  const set: number[] = []
  const go = deferred()
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const process = {
    stdin: new PassThrough(),
    stdout,
    stderr,
    resize: async (width: number) => {
      set.push(width)
      await go.promise
    },
    exitCode: () => Promise.resolve(0),
    close: () => undefined,
  }
  const session = runSession(client, () => Promise.resolve(process), true)
  await eventually(() => {
    resize({ width: 1, height: 1 })
    expect(set).toEqual([1])
  })
  for (let width = 2; width <= 10_000; width++) resize({ width, height: 1 })
  expect(set).toEqual([1])
  go.resolve()
  await eventually(() => expect(set).toEqual([1, 10_000]))
  for (const output of [stdout, stderr]) output.end()
  await session
})
