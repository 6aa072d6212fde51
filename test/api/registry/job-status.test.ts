// What the status of a Job may become, in the words of kube-apiserver: Jobs may be run by controllers of others, and
// clients rely on what has ended to stay so.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { raw } from '../core/support/raw.ts'

const JOBS = '/apis/batch/v1/namespaces/default/jobs'
const MERGE = { 'content-type': 'application/merge-patch+json' }
const EARLY = '2026-01-01T00:00:00Z'
const LATE = '2026-01-01T01:00:00Z'
const INDEXED = { completions: 10, parallelism: 3, completionMode: 'Indexed' }
let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
})
afterAll(() => server[Symbol.asyncDispose]())

type Fields = Record<string, unknown>
let made = 0
const conditions = (...types: string[]) => ({ conditions: types.map(type => ({ type, status: 'True' })) })
const COMPLETE = { ...conditions('SuccessCriteriaMet', 'Complete'), startTime: EARLY, completionTime: LATE }
const FAILED = { ...conditions('FailureTarget', 'Failed'), startTime: EARLY }

/** Makes a Job and writes its status, one after the other. @returns what is wrong with each */
async function written(spec: Fields, ...statuses: Fields[]): Promise<string[][]> {
  const name = `job-${++made}`
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } }
  await raw(server, JOBS, { body: { metadata: { name }, spec: { template, ...spec } } })
  const all: string[][] = []
  for (const status of statuses) {
    const { code, json } = await raw(server, `${JOBS}/${name}/status`, {
      method: 'PATCH',
      headers: MERGE,
      body: { status },
    })
    const causes = (json.details?.causes ?? []) as { field: string; message: string }[]
    all.push(code === 200 ? [] : causes.map(({ field, message }) => `${field}: ${message}`).sort())
  }
  return all
}
const INVALID = 'Invalid value:'
const AT_CONDITIONS = `status.conditions: ${INVALID}`

describe('a job that has ended', () => {
  test.each<[string, Fields, string[]]>([
    ['goes on', { conditions: null }, [`${AT_CONDITIONS} cannot disable the terminal Failed=True condition`, `${AT_CONDITIONS} cannot disable the terminal FailureTarget=True condition`]],
    ['is complete as well', conditions('FailureTarget', 'Failed', 'Complete'), [
      `${AT_CONDITIONS} cannot set Complete=True and Failed=true conditions`,
      `${AT_CONDITIONS} cannot set Complete=True and FailureTarget=true conditions`,
      `${AT_CONDITIONS} cannot set Complete=True condition without the SuccessCriteriaMet=true condition`,
      'status.completionTime: Required value: completionTime is required for Complete jobs',
    ]],
    ['has pods', { active: 1 }, [`status.active: ${INVALID} 1: active>0 is invalid for finished job`]],
    ['has pods that end', { terminating: 1 }, [`status.terminating: ${INVALID} 1: terminating>0 is invalid for finished job`]],
    ['started at another time', { startTime: LATE }, [`status.startTime: ${INVALID} "${LATE}": field is immutable for unsuspended job once set`]],
    ['never started', { startTime: null }, [
      `status.startTime: ${INVALID} null: field is immutable for unsuspended job once set`,
      'status.startTime: Required value: startTime is required for finished job',
    ]],
  ])('cannot be said to be one that %s', async (_what, status, wrong) => {
    expect(await written({}, FAILED, status)).toEqual([[], wrong.sort()])
  }) // prettier-ignore

  test('keeps when it was complete', async () => {
    expect(await written({}, COMPLETE, { completionTime: EARLY }, { completionTime: null })).toEqual([
      [],
      [`status.completionTime: ${INVALID} "${EARLY}": field is immutable`],
      ['status.completionTime: Required value: completionTime is required for Complete jobs'],
    ])
  })

  test('may be written for other reasons, and does not become one that failed', async () => {
    const [made, other, failed] = await written({}, COMPLETE, { succeeded: 1 }, conditions('SuccessCriteriaMet', 'Failed')) // prettier-ignore
    expect([made, other]).toEqual([[], []])
    expect(failed).toContain(`${AT_CONDITIONS} cannot set SuccessCriteriaMet=True and Failed=true conditions`)
  })
})

test.each<[string, Fields, Fields, string]>([
  ['complete without that its criteria are met', {}, { ...COMPLETE, ...conditions('Complete') }, `${AT_CONDITIONS} cannot set Complete=True condition without the SuccessCriteriaMet=true condition`],
  ['complete before it started', {}, { ...COMPLETE, startTime: '2026-01-01T02:00:00Z' }, `status.completionTime: ${INVALID} "${LATE}": must be equal to or after \`startTime\``],
  ['complete at some time while it is not', {}, { completionTime: LATE }, `status.completionTime: ${INVALID} "${LATE}": cannot set completionTime when there is no Complete=True condition`],
  ['failed without that it was to fail', {}, { ...FAILED, ...conditions('Failed') }, `${AT_CONDITIONS} cannot set Failed=True condition without the FailureTarget=true condition`],
  ['met and failing', {}, conditions('SuccessCriteriaMet', 'FailureTarget'), `${AT_CONDITIONS} cannot set SuccessCriteriaMet=True and FailureTarget=true conditions`],
  ['fewer than none', {}, { terminating: -1 }, `status.terminating: ${INVALID} -1: must be greater than or equal to 0`],
  ['ready without pods', {}, { ready: 2, active: 1 }, `status.ready: ${INVALID} 2: cannot set more ready pods than active`],
  ['counted twice', {}, { uncountedTerminatedPods: { succeeded: ['a'], failed: ['a'] } }, 'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"'],
  ['of nobody', {}, { uncountedTerminatedPods: { succeeded: [''] } }, `status.uncountedTerminatedPods.succeeded[0]: ${INVALID} "": must not be empty`],
  ['indexes without them', { completions: 5 }, { completedIndexes: '0-2' }, `status.completedIndexes: ${INVALID} "0-2": cannot set non-empty completedIndexes when non-indexed completion mode`],
  ['failed indexes without limits of them', INDEXED, { failedIndexes: '1' }, `status.failedIndexes: ${INVALID} "1": cannot set non-null failedIndexes when backoffLimitPerIndex is null`],
  ['indexes that are none', INDEXED, { completedIndexes: '1,x' }, `status.completedIndexes: ${INVALID} "1,x": error parsing completedIndexes: cannot convert string to integer for index: "x"`],
  ['indexes out of order', INDEXED, { completedIndexes: '3-5,4' }, `status.completedIndexes: ${INVALID} "3-5,4": error parsing completedIndexes: non-increasing order, previous: 5, current: 4`],
  ['an index too many', { ...INDEXED, backoffLimitPerIndex: 1 }, { failedIndexes: '10' }, `status.failedIndexes: ${INVALID} "10": error parsing failedIndexes: too large index: "10"`],
  ['failed and complete at once', { ...INDEXED, backoffLimitPerIndex: 1 }, { failedIndexes: '1,5-7', completedIndexes: '0,2-3,6' }, `status.failedIndexes: ${INVALID} "1,5-7": failedIndexes and completedIndexes overlap at index: 6`],
])('no status says: %s', async (_what, spec, status, wrong) => {
  expect(await written(spec, status)).toEqual([[wrong]])
}) // prettier-ignore

test('counts of pods that have ended do not fall, but where an indexed job is scaled down', async () => {
  const fewer = `status.succeeded: ${INVALID} 3: cannot decrease the succeeded counter`
  expect(await written(INDEXED, { succeeded: 5 }, { succeeded: 3 })).toEqual([[], [fewer]])
  expect(await written({ ...INDEXED, parallelism: 10 }, { succeeded: 5 }, { succeeded: 3 })).toEqual([[], []])
  const failed = `status.failed: ${INVALID} 0: cannot decrease the failed counter`
  expect(await written({}, { failed: 2 }, { failed: null })).toEqual([[], [failed]])
})

test('a job that is resumed starts anew, and one that waits may forget its start', async () => {
  const resumed = { conditions: [{ type: 'Suspended', status: 'False' }], startTime: LATE }
  const started = { startTime: EARLY, ...conditions('Suspended') }
  expect(await written({}, started, resumed)).toEqual([[], []])
  expect(await written({ suspend: true }, started, { startTime: null })).toEqual([[], []])
})
