// Why the desktop app's control plane did not start, told so that somebody can act.
import { describe, expect, it } from 'vitest'
import { ListenError } from '../../src/main/control-plane.ts'
import { startProblem } from '../../src/main/desktop/start-problem.ts'
import { MovedError } from '../../src/main/move/mark.ts'
import { StoreError } from '../../src/main/store/contract.ts'

describe('startProblem()', () => {
  it('names a taken port', () => expect(startProblem(new ListenError('x')).kind).toBe('port-in-use'))
  it('names what is wrong with the data folder', () => {
    expect(startProblem(new StoreError('Locked', 'x')).kind).toBe('data-folder-locked')
    expect(startProblem(new StoreError('NewerFormat', 'written by 9')).message).toBe('written by 9')
    expect(startProblem(new StoreError('Corrupt', 'record 7')).kind).toBe('store-damaged')
  })
  it('tells where a control plane that moved has gone', () => {
    const mark = { id: 'm', state: 'left', to: 'root@box', servers: ['https://box:6443'] } as const
    expect(startProblem(new MovedError(mark))).toMatchObject({
      kind: 'moved',
      message: expect.stringContaining('root@box'),
    })
  })
  it('asks for what opens an encrypted store', () => {
    const problem = (code: 'KeyNeeded' | 'WrongKey', opensWith: 'key' | 'passphrase') =>
      startProblem(new StoreError(code, 'x', { opensWith })).kind
    expect(problem('KeyNeeded', 'passphrase')).toBe('passphrase-needed')
    expect(problem('WrongKey', 'passphrase')).toBe('passphrase-wrong')
    expect(problem('WrongKey', 'key')).toBe('key-needed')
  })
  it('tells a store that failed while it ran in its own words', () =>
    expect(startProblem(new StoreError('Unavailable', 'the disk went away'))).toMatchObject({
      kind: 'store-failed',
      message: 'the disk went away',
    }))
  it('finds the cause inside of other errors', () =>
    expect(startProblem(new Error('outer', { cause: new StoreError('Locked', 'x') })).kind).toBe('data-folder-locked'))
  it('tells what it does not know as it is, with the stack for a report', () => {
    const problem = startProblem(new Error('strange'))
    expect(problem).toMatchObject({ kind: 'other', message: 'strange' })
    expect(problem.detail).toContain('start-problem.test')
  })
})
