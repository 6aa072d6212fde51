// What a list makes only for those inside the program is not made for a client that reads its bytes.
import { expect, test } from 'vitest'
import { createDispatch, type DispatchParts } from '../../../src/main/apiserver/chain/dispatch.ts'
import { parseAuditPolicy } from '../../../src/main/apiserver/audit/policy.ts'
import type { ApiRequest, ApiResponse } from '../../../src/main/apiserver/request.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const info = { isResource: true, verb: 'list', group: '', version: 'v1', resource: 'pods', subresource: '', namespace: '', name: '', path: '/api/v1/pods' } // prettier-ignore
const request = { info, query: new URLSearchParams(), headers: {}, user: { name: 'a', groups: [] } } as unknown as ApiRequest // prettier-ignore

/** A chain whose only answer is a list that counts how often its value is made. */
function listing(more: Partial<DispatchParts>) {
  let made = 0
  const answer: ApiResponse = {
    code: 200,
    headers: { first: '1' },
    get object() {
      made++
      return { kind: 'PodList', items: [] }
    },
    json: () => Buffer.from('{}'),
  }
  const dispatch = createDispatch({
    authorize: () => ({ decision: 'allow' }),
    router: { isLongRunning: () => false, route: () => Promise.resolve(answer) },
    inFlight: { reading: 0, mutating: 0, assertRoom: () => undefined, run: (_kind: string, work: () => unknown) => work() }, // prettier-ignore
    metrics: { observe: () => undefined, longRunning: () => () => undefined },
    clock: new ManualClock(),
    ...more,
  } as unknown as DispatchParts)
  return { dispatch, made: () => made }
}

test('flow control does not make it', async () => {
  let left = 0
  const { dispatch, made } = listing({ flowControl: { take: () => () => left++ } } as unknown as Partial<DispatchParts>)
  const answered = await dispatch(request)
  expect([left, made()]).toEqual([1, 0])
  expect(answered).toMatchObject({ object: { kind: 'PodList' } })
})

test('seats are given back once the answer is made for its client', async () => {
  const left: string[] = []
  const flowControl = { take: () => () => left.push('seat') }
  const { dispatch } = listing({ flowControl } as unknown as Partial<DispatchParts>)
  let answered = (): void => undefined
  await dispatch({ ...request, afterAnswer: (run: () => void) => (answered = run) } as unknown as ApiRequest)
  expect(left).toEqual([])
  answered()
  expect(left).toEqual(['seat'])
})

test.each([
  ['Metadata', 0],
  ['RequestResponse', 1],
])('an audit at level %s makes it %i times', async (level, times) => {
  const events: object[] = []
  const policy = parseAuditPolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'], rules: [{ level }] }) // prettier-ignore
  const audit = { policy, mode: 'blocking', clock: new ManualClock(), counts: { level: () => undefined, event: () => undefined }, authorize: () => ({ decision: 'allow' }), sink: { write: (event: object) => events.push(event) } } // prettier-ignore
  const { dispatch, made } = listing({ audit } as unknown as Partial<DispatchParts>)
  await dispatch({ ...request, body: () => Promise.resolve(undefined) } as unknown as ApiRequest)
  expect(made()).toBe(times)
  expect(events).toMatchObject([{ stage: 'ResponseComplete', objectRef: { resource: 'pods' } }])
})
