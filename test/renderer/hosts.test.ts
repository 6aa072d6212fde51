// Hosts in the window: what was typed, and how hosts and operations are told.
import { afterEach, describe, expect, it } from 'vitest'
import {
  canBeForgotten,
  canBeUndone,
  connectionStatus,
  hostStatus,
  newestOperations,
  stepStatus,
  stepText,
} from '@/hosts/host-status.ts'
import { speak } from '@/i18n/i18n.ts'
import { offeredHosts, parseHosts } from '@/hosts/new-hosts.ts'
import { stepsFor } from '../../src/main/provisioning/steps/actions.ts'
import type { ContextWithoutProgress } from '../../src/main/provisioning/steps/contract.ts'
import type { Host, HostOperation } from '../../src/shared/api/flotilla/v1.ts'

describe('typed hosts', () => {
  it('are an address a line, with roles and labels after it', () =>
    expect(
      parseHosts('ada@box-2\n\n# the cellar\nssh ada@10.0.0.7:2222 worker zone=cellar node-name=box-7 # old'),
    ).toEqual({
      hosts: [
        { name: 'box-2', spec: { address: 'ada@box-2' } },
        {
          name: '10-0-0-7-2222',
          spec: { address: 'ada@10.0.0.7:2222', nodeName: 'box-7', roles: ['worker'], labels: { zone: 'cellar' } },
        },
      ],
      problems: [],
    }))
  it.each([
    ['-oProxyCommand=x', 'is not an address'],
    ['ada@box;id', 'is not an address'],
    ['ada@', 'is not an address'],
    ['box a=b=c', 'neither a role nor a label'],
    ['box\neve@box', 'Line 2: box is there twice'],
  ])('%j are refused', (text, problem) => expect(parseHosts(text).problems.join()).toContain(problem))
})

it('hosts of the SSH configuration are offered unless they are there, typed already, or no address', () => {
  const known = ['box-1', 'box-2', 'box-3', 'a b', '-x'].map(name => ({ name, address: `ada@${name}` }))
  const offered = offeredHosts(known, parseHosts('box-2 worker'), ['box-3'])
  expect(offered.map(({ name }) => name)).toEqual(['box-1'])
})

const host = (status: Host['status']) => ({ metadata: { name: 'box' }, spec: { address: 'box' }, status }) as Host
const condition = (type: string, status: string, reason: string, message: string) => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: '2026-01-01T00:00:00Z',
})

afterEach(() => speak('en'))

describe('a host', () => {
  it('that is away says why', () =>
    expect(
      hostStatus(host({ phase: 'Away', away: [{ from: '2026-01-01T00:00:00Z', reason: 'no route to it' }] })),
    ).toEqual({ tone: 'warning', text: 'Away', reason: 'no route to it' }))
  it('tells whether its connection stands', () => {
    expect(connectionStatus(host({}))).toMatchObject({ tone: 'unknown' })
    const conditions = [condition('Connected', 'False', 'Unreachable', 'connection refused')]
    expect(connectionStatus(host({ conditions }))).toEqual({
      tone: 'warning',
      text: 'Unreachable',
      reason: 'connection refused',
    })
  })
})

const operation = (name: string, phase: string, creationTimestamp: string, resourceVersion = '1') =>
  ({
    metadata: { name, creationTimestamp, resourceVersion },
    spec: { hostName: 'box', action: 'Join' },
    status: { phase },
  }) as HostOperation

describe('operations', () => {
  it('that joined a host can be undone where they did something, once they have ended', () => {
    const joined = operation('a', 'Succeeded', '2026-01-01T00:00:00Z')
    const states = ['Pending', 'Running', 'Succeeded', 'Skipped', 'Failed', 'Undone']
    const undoable = (of: HostOperation) => states.filter(state => canBeUndone(of, { name: 'configure', state }))
    expect(undoable(joined)).toEqual(['Running', 'Succeeded', 'Failed'])
    expect(undoable(operation('b', 'Running', '2026-01-01T00:00:00Z'))).toEqual([])
    expect(undoable({ ...joined, spec: { ...joined.spec, action: 'Remove' } })).toEqual([])
  })
  it('of a host: the one that runs is shown, else the newest', () => {
    const ended = [
      operation('a', 'Failed', '2026-01-01T00:00:00Z'),
      operation('b', 'Succeeded', '2026-01-02T00:00:00Z'),
    ]
    expect(newestOperations(ended).get('box')?.metadata.name).toBe('b')
    expect(newestOperations([...ended].reverse()).get('box')?.metadata.name).toBe('b')
    const sameSecond = ['box-undo-x:9', 'box-check-y:12'].map(each => {
      const [name, version] = each.split(':')
      return operation(name ?? '', 'Succeeded', '2026-01-02T00:00:00Z', version)
    })
    expect(newestOperations(sameSecond).get('box')?.metadata.name).toBe('box-check-y')
    expect(newestOperations([...sameSecond].reverse()).get('box')?.metadata.name).toBe('box-check-y')
    const running = [operation('r', 'Running', '2026-01-01T12:00:00Z'), ...ended]
    expect(newestOperations(running).get('box')?.metadata.name).toBe('r')
  })
  it('that could not reach a machine to remove it let it be forgotten', () => {
    const removal = (phase: string, reason: string, action = 'Remove') =>
      canBeForgotten({ metadata: {}, spec: { hostName: 'box', action }, status: { phase, reason } } as HostOperation)
    expect(removal('Failed', 'Unreachable')).toBe(true)
    expect([removal('Failed', 'CommandFailed'), removal('Failed', 'Unreachable', 'Join'), removal('Running', '')]).toEqual([false, false, false]) // prettier-ignore
  })
  it.each(['Join', 'Upgrade', 'Restart', 'Remove'])(
    'have a name for each step of %s, in every language',
    async action => {
      const steps = await stepsFor({ operation: { spec: { action } } } as ContextWithoutProgress)
      expect(steps).not.toEqual([])
      const said = async (language: 'en' | 'de') => {
        await speak(language)
        return steps.map(({ name }) => stepText(name))
      }
      const [english, german] = [await said('en'), await said('de')]
      for (const [at, { name }] of steps.entries()) expect([english[at], german[at]]).not.toContain(name)
      expect(english.filter((text, at) => text === german[at])).toEqual([])
    },
  )
  it('tell how far a step is', () =>
    expect(stepStatus({ name: 'push', state: 'Running', percent: 40 })).toEqual({ tone: 'progressing', text: '40 %' }))
})
