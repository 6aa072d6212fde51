// What `flotilla node` tells of operations while they run, and what becomes of them when somebody stops it.
import { PassThrough } from 'node:stream'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { Answerer } from '../../src/main/cli/node/answerer.ts'
import { type HostEvent, teller } from '../../src/main/cli/node/events.ts'
import { follow } from '../../src/main/cli/node/follow.ts'
import { STOPPING, Stopped } from '../../src/main/cli/stopped.ts'
import { Interrupted } from '../../src/main/process/usage-error.ts'
import { HostOperation, type HostOperationSpec, type HostOperationStatus } from '../../src/shared/api/flotilla/v1.ts'
import { type TestApiServer, startTestApiServer } from '../support/api-server.ts'
import { eventually } from '../support/eventually.ts'

let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer()
})
afterAll(() => api?.[Symbol.asyncDispose]())
afterEach(() => void vi.restoreAllMocks())

let told: HostEvent[]
async function begin(hostName: string, more: Partial<HostOperationSpec> = {}) {
  told = []
  const client = api.clientAs()
  const spec = { hostName, action: 'Join', ...more }
  const { metadata } = await client.create(HostOperation, { metadata: { generateName: `${hostName}-` }, spec })
  const following = follow([metadata.name], { client, answerer: new Answerer({}), approved: true, tell: event => told.push(event) }) // prettier-ignore
  return { following, name: metadata.name }
}
/** As the provisioner does. */
const say = (name: string, status: HostOperationStatus) =>
  api.clientAs().patch(HostOperation, { name }, { status }, { type: 'merge', subresource: 'status' })
const isTold = (event: HostEvent) => eventually(() => expect(told).toContainEqual(event))
const get = (name: string) => api.clientAs().get(HostOperation, { name })

test('what is waited for, the plan, steps with how far they are, and the end are told once each', async () => {
  const { following, name } = await begin('box')
  await say(name, { phase: 'Running', message: 'connecting to box:22' })
  await isTold({ type: 'stage', host: 'box', message: 'connecting to box:22' })
  const plan = [{ step: 'push-agent', changes: ['send the agent'] }]
  await say(name, { phase: 'WaitingForApproval', message: '', plan })
  await isTold({ type: 'plan', host: 'box', plan })
  await eventually(async () => expect((await get(name)).spec.approved).toBe(true))
  const step = { name: 'push-agent', startTime: '2026-01-01T00:00:00Z' }
  for (const percent of [3, 40, 41]) {
    await say(name, { phase: 'Running', steps: [{ ...step, state: 'Running', percent }] })
    const reached = percent >= 25 ? { percent: 25 } : {}
    await isTold({ type: 'step', host: 'box', step: 'push-agent', state: 'Running', ...reached })
  }
  const completionTime = '2026-01-01T00:00:04Z'
  const steps = [{ ...step, state: 'Succeeded', percent: 100, completionTime }]
  await say(name, { phase: 'Succeeded', message: 'box is the node box', steps })
  await following
  expect(told.slice(2)).toEqual([
    { type: 'step', host: 'box', step: 'push-agent', state: 'Running' },
    { type: 'step', host: 'box', step: 'push-agent', state: 'Running', percent: 25 },
    { type: 'step', host: 'box', step: 'push-agent', state: 'Succeeded', seconds: 4 },
    { type: 'result', host: 'box', phase: 'Succeeded', message: 'box is the node box' },
  ])
})

const [swap, sudo] = ['Info', 'Error'].map(severity => ({ id: severity, severity, what: 'This.', why: 'So.', how: 'Thus.' })) // prettier-ignore
const foundOn = (host: string, finding = swap!): HostEvent => ({ type: 'finding', host, finding })

test('where nobody is asked, what was found and what will be done are told as well, once each', async () => {
  const { following, name } = await begin('box', { approved: true })
  const plan = ['push-agent', 'start-agent'].map(step => ({ step, changes: [step] }))
  await say(name, { phase: 'Running', findings: [swap!] })
  await say(name, { phase: 'Running', plan })
  await isTold({ type: 'plan', host: 'box', plan })
  // What is left after a lost connection.
  await say(name, { phase: 'Running', plan: plan.slice(1) })
  await say(name, { phase: 'Succeeded', message: 'box is the node box' })
  await following
  expect(told.slice(0, -1)).toEqual([foundOn('box'), { type: 'plan', host: 'box', plan }])
})

test('what keeps a host from joining is told by the end alone, and by a check as what it is', async () => {
  const joining = await begin('box')
  const failed = { phase: 'Failed', reason: 'PreflightFailed', message: 'This. Thus.' }
  await say(joining.name, { ...failed, findings: [swap!, sudo!] })
  await joining.following
  expect(told).toEqual([foundOn('box'), { type: 'result', host: 'box', ...failed }])
  const checking = await begin('box', { action: 'Check' })
  await say(checking.name, { phase: 'Succeeded', message: '1 finding', findings: [sudo!] })
  await checking.following
  expect(told[0]).toEqual(foundOn('box', sudo))
})

test('it is a line for people, or a line of JSON for programs, and neither has codes for terminals', () => {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  const finding = { id: 'system/swap', severity: 'Info', what: 'Swap is on.', why: 'It slows.', how: 'swapoff -a' }
  const events: HostEvent[] = [
    { type: 'plan', host: 'box', plan: [{ step: 'push-agent', changes: ['send the agent', 'and its runtime'] }] },
    { type: 'step', host: 'box', step: 'push-agent', state: 'Running', percent: 50 },
    { type: 'step', host: 'box', step: 'push-agent', state: 'Succeeded', seconds: 4 },
    { type: 'result', host: 'box', phase: 'Failed', reason: 'Unreachable', message: 'box is off' },
    { type: 'finding', host: 'box', finding },
  ]
  for (const event of events) teller('text')(event)
  expect(printed.mock.calls.flat()).toEqual([
    'box  what will be done:\nbox    - send the agent\nbox    - and its runtime',
    'box  push-agent: running 50 %',
    'box  push-agent: succeeded (4 s)',
    'box  failed: box is off',
    'box  info: Swap is on.\n    why: It slows.\n    how: swapoff -a',
  ])
  printed.mockClear()
  for (const event of events) teller('json')(event)
  expect(printed.mock.calls.map(([line]) => JSON.parse(String(line)) as HostEvent)).toEqual(events)
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s stops the operations, and is over when they are; a second one is left to the system',
  async signal => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const listeners = process.listeners(signal)
    const { following, name } = await begin('cut')
    const over = expect(following).rejects.toBeInstanceOf(Interrupted)
    await say(name, { phase: 'Running', message: 'connecting to cut:22' })
    await isTold({ type: 'stage', host: 'cut', message: 'connecting to cut:22' })
    for (const listener of process.listeners(signal)) if (!listeners.includes(listener)) listener(signal)
    await eventually(async () => expect((await get(name)).spec.cancelled).toBe(true))
    expect(process.listeners(signal)).toEqual(listeners)
    expect(said.mock.calls.flat()).toEqual(['stopping; what is done so far stays done, and a rerun goes on from there'])
    await say(name, { phase: 'Cancelled', reason: 'Cancelled', message: 'cancelled; run it again to go on' })
    await over
    expect(told.at(-1)).toMatchObject({ type: 'result', phase: 'Cancelled' })
  },
)

test('an operation behind one that waits for people says which, and how that is ended', async () => {
  const client = api.clientAs()
  const spec = { hostName: 'busy', action: 'Join' }
  await client.create(HostOperation, { metadata: { name: 'left-alone' }, spec })
  await say('left-alone', { phase: 'WaitingForAnswer' })
  const { following, name } = await begin('busy')
  const end = 'if nobody is there for that any more, end it with: kubectl delete hostoperation left-alone'
  await isTold({ type: 'stage', host: 'busy', message: `waits for left-alone, which waits for an answer; ${end}` })
  await say(name, { phase: 'Succeeded', message: 'busy is the node busy' })
  await following
})

test('an operation that somebody deletes is over', async () => {
  const { following, name } = await begin('gone')
  await say(name, { phase: 'Running', message: 'looking at the host' })
  await isTold({ type: 'stage', host: 'gone', message: 'looking at the host' })
  await api.clientAs().delete(HostOperation, { name })
  await following
  const message = 'it was deleted; what is done so far stays done, and a rerun goes on from there'
  expect(told.at(-1)).toEqual({ type: 'result', host: 'gone', phase: 'Cancelled', message })
})

let written = ''
/** Types each line when it has been asked for. */
async function typing<T>(answering: () => Promise<T>, ...lines: string[]): Promise<{ answer: T; asked: string[] }> {
  const input = new PassThrough()
  let isClosed = false
  const setRawMode = () => isClosed && input.emit('error', new Error('setRawMode EIO'))
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(Object.assign(input, { isTTY: true, setRawMode }) as never)
  const asked: string[] = []
  written = ''
  vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    if (/: $|\) $/.test(String(text))) asked.push(String(text))
    written += String(text)
    if (isClosed) process.stderr.emit('error', new Error('write EIO'))
    return true
  })
  const answer = answering()
  answer.catch(() => undefined) // until it is looked at
  for (const [i, line] of lines.entries()) {
    await eventually(() => asked.length > i)
    isClosed = line === 'closed'
    if (isClosed || line === 'Ctrl-D') input.end()
    else input.write(`${line}\r`)
  }
  return { answer: await answer, asked }
}
const KEY = { id: '1', kind: 'HostKey', about: 'box:22', text: 'Is this it?', fingerprint: 'SHA256:abc', echo: true }

test('what is neither yes nor no is asked again; the fingerprint is as good as yes, and another one as no', async () => {
  const answer = () => new Answerer({}).answer('box', KEY)
  expect(await typing(answer, 'what', '', 'SHA256:abc')).toEqual({
    answer: 'yes',
    asked: [
      'Is this it? (yes/no) ',
      'Please type yes or no, or the fingerprint.\nIs this it? (yes/no) ',
      'Please type yes or no, or the fingerprint.\nIs this it? (yes/no) ',
    ],
  })
  expect((await typing(answer, 'SHA256:other')).answer).toBe('no')
  expect((await typing(answer, 'No')).answer).toBe('no')
})

test('where nobody answers, or the terminal was closed, it says what to do instead', async () => {
  const password = { id: '2', kind: 'Password', about: 'box', text: 'Password', echo: false }
  const asking = (prompt: typeof password, how: string) => typing(() => new Answerer({}).answer('box', prompt), how)
  for (const how of ['Ctrl-D', 'closed'])
    await expect(asking(password, how)).rejects.toThrow(/^nobody answers\. Repeat it at a terminal, or with --password-stdin$/) // prettier-ignore
  expect(written.endsWith('Password: \n')).toBe(true)
  await expect(asking(KEY, 'Ctrl-D')).rejects.toThrow(
    /^nobody answers\. Compare it, .* repeat with --host-key SHA256:abc$/,
  )
})

test('where no terminal is, what was asked is told with what to do, which is only what the command can do', async () => {
  vi.spyOn(process, 'stdin', 'get').mockReturnValue({ isTTY: false } as never)
  const password = { id: '2', kind: 'SudoPassword', about: 'box', text: 'sudo asks for the password', echo: false }
  await expect(new Answerer({}).answer('box', password)).rejects.toThrow(
    /^box asks, and nobody can answer: sudo asks for the password\. Repeat it at a terminal, or with --password-stdin$/,
  )
  await expect(new Answerer({ stdinIsTaken: true }).answer('box', password)).rejects.toThrow(
    /asks for the password\. Repeat it at a terminal$/,
  )
  await expect(new Answerer({}).answer('box', KEY)).rejects.toThrow(/answer: Is this it\? Compare it, /)
  await expect(new Answerer({}).answer('box', { ...password, text: 'box asks: Code:' })).rejects.toThrow(
    /: Code: Repeat/,
  )
})

test.each(STOPPING)('what tidies up when %s stops it does not keep a second one from ending it', signal => {
  const before = process.listeners(signal)
  using stopped = new Stopped()
  process.emit(signal)
  expect(stopped.signal.aborted).toBe(true)
  expect(process.listeners(signal)).toEqual(before)
})
