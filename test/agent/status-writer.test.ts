import { describe, expect, it, test } from 'vitest'
import { StatusWriter } from '../../src/agent/kubelet/status/status-writer.ts'
import type { Pod, PodStatus } from '../../src/shared/api/core/v1.ts'
import type { Client } from '../../src/shared/client/client.ts'
import { ApiError } from '../../src/shared/machinery/status.ts'
import { ManualClock } from '../support/manual-clock.ts'

const ready = (status: 'True' | 'False'): PodStatus => ({
  phase: status === 'True' ? 'Running' : 'Pending',
  conditions: [{ type: 'Ready', status }],
})
const stored = (status: PodStatus, resourceVersion: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { containers: [] },
  status,
})

/** A writer that starts from a checkpoint of a pod that was not ready yet, and the phases that it sends. */
function start() {
  const phases: (string | undefined)[] = []
  const client = {
    patch: (_type: unknown, _ref: unknown, { status }: { status: PodStatus }) => {
      phases.push(status.phase)
      return Promise.resolve(stored(status, '10'))
    },
  } as unknown as Client
  const checkpoint = stored(ready('False'), '1')
  const options = { client, clock: new ManualClock(), signal: new AbortController().signal, onError: () => undefined }
  return { phases, writer: new StatusWriter(checkpoint, options, checkpoint.status) }
}

describe('what an agent that starts again tells about a pod', () => {
  it('is nothing of what its checkpoint says, which may be older than what the API has', async () => {
    const { phases, writer } = start()
    writer.seen(stored(ready('True'), '5'))
    await writer.flushed()
    writer.set(ready('True'))
    await writer.flushed()
    expect(phases).toEqual([])
  })

  it('is what it sees itself, also where others wrote something else meanwhile', async () => {
    const { phases, writer } = start()
    writer.seen(stored(ready('False'), '5'))
    writer.set(ready('True'))
    await writer.flushed()
    writer.seen(stored(ready('False'), '12'))
    await writer.flushed()
    expect(phases).toEqual(['Running', 'Running'])
  })

  it('is told again where others wrote after a write of ours that was not answered yet, and not where before it', async () => {
    for (const [revision, sent] of [['12', ['Running', 'Running']], ['9', ['Running']]] as const) {
      const { phases, writer } = start()
      writer.set(ready('True'))
      writer.seen(stored(ready('False'), revision))
      await writer.flushed()
      expect(phases).toEqual(sent)
    } // prettier-ignore
  })

  it('goes out once the API server is seen, where it was not there at the start', async () => {
    const { phases, writer } = start()
    writer.set(ready('False'))
    await writer.flushed()
    expect(phases).toEqual([])
    writer.seen(stored(ready('True'), '5'))
    await writer.flushed()
    expect(phases).toEqual(['Pending'])
  })
})

test('what cannot be written is tried again, later each time, and is not called told before; the last word counts', async () => {
  const clock = new ManualClock()
  const phases: (string | undefined)[] = []
  let isThere = false
  const client = {
    patch: (_type: unknown, _ref: unknown, { status }: { status: PodStatus }) => {
      phases.push(status.phase)
      return isThere ? Promise.resolve(stored(status, '10')) : Promise.reject(new Error('connect ECONNREFUSED'))
    },
  } as unknown as Client
  const options = { client, clock, signal: new AbortController().signal, onError: () => undefined }
  const writer = new StatusWriter(stored(ready('True'), '1'), options)
  writer.set(ready('True'))
  let isTold = false
  await clock.advance(60_000)
  expect(phases.length).toBeGreaterThan(5)
  expect(phases.length).toBeLessThan(20)
  writer.set({ phase: 'Failed', reason: 'Evicted' })
  void writer.flushed().then(() => (isTold = true))
  await clock.advance(20_000)
  expect([isTold, phases.at(-1)]).toEqual([false, 'Failed'])
  isThere = true
  await clock.advance(20_000)
  expect([isTold, phases.at(-1)]).toEqual([true, 'Failed'])
  const written = phases.length
  await clock.advance(60_000)
  expect(phases.length).toBe(written)
})

test('what is set last is sent, however soon after the write before it', async () => {
  for (let turns = 0; turns < 20; turns++) {
    const { phases, writer } = start()
    writer.set(ready('True'))
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    writer.set({ phase: 'Failed' })
    await writer.flushed()
    expect(phases.at(-1)).toBe('Failed')
  }
})

describe('a status that is refused', () => {
  const causes = (field: string) => ({ causes: [{ reason: 'FieldValueInvalid', field, message: 'Invalid value' }] })
  test.each([
    ['is tried again where a rule is broken that may be another one tomorrow', new ApiError(422, 'Invalid', 'a policy refuses it', causes('status.phase')), 2],
    ['is tried again where something else is in the way', new ApiError(409, 'Conflict', 'the object has been modified'), 2],
    ['is given up where there is another pod of that name', new ApiError(422, 'Invalid', 'field is immutable', causes('metadata.uid')), 1],
    ['is given up where another uid is told', new ApiError(409, 'Conflict', 'Precondition failed: UID in precondition: a, UID in object meta: b'), 1],
    ['is given up where there is none', new ApiError(404, 'NotFound', 'pods "web" not found'), 1],
  ])('%s', async (_what, refusal, times) => {
    const clock = new ManualClock()
    let asked = 0
    const patch = () => (++asked === 1 ? Promise.reject(refusal) : Promise.resolve(stored(ready('True'), '10')))
    const options = { client: { patch } as unknown as Client, clock, signal: new AbortController().signal, onError: () => undefined }
    const writer = new StatusWriter(stored(ready('False'), '1'), options)
    writer.set(ready('True'))
    await clock.advance(60_000)
    await writer.flushed()
    expect(asked).toBe(times)
  })
}) // prettier-ignore
