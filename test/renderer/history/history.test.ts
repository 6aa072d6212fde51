// What changed, in words and in order.
import { afterEach, describe, expect, it } from 'vitest'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import { Event } from '../../../src/shared/api/core/v1.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { actionText } from '@/history/action-text.ts'
import { NamespacedRevision, type ObjectRevision } from '@/history/revisions.ts'
import { compare } from '@/history/comparison.ts'
import { comparable, summarize } from '@/history/summary.ts'
import { timeline } from '@/history/timeline.ts'
import { speak } from '@/i18n/i18n.ts'
import { make } from '../support/objects.ts'

afterEach(() => speak('en'))

const revision = (name: string, at: number, action: ObjectRevision['action'], kind = 'Deployment') =>
  make(NamespacedRevision, `${name}:${at}`, {
    of: { group: 'apps', version: 'v1', kind, resource: 'deployments', namespace: 'default', name },
    action,
    revision: String(at),
    metadata: { creationTimestamp: `2026-01-01T00:00:0${at}Z` },
  })

describe('summarize()', () => {
  it('tells a patch as paths and values, without what tools note for themselves', () =>
    expect(
      summarize([
        { op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'shop:2' },
        { op: 'add', path: '/metadata/labels/example.com~1team', value: 'shop' },
        { op: 'remove', path: '/spec/paused' },
        { op: 'replace', path: '/metadata/annotations/deployment.kubernetes.io~1revision', value: '2' },
      ]),
    ).toEqual([
      'spec.template.spec.containers[0].image → shop:2',
      'metadata.labels["example.com/team"] set to shop',
      'spec.paused removed',
    ]))

  it('tells what a list got, and that there is nothing but what tools note', () => {
    expect(
      summarize([
        { op: 'add', path: '/spec/template/spec/containers/0/env/-', value: { name: 'COLOUR', value: 'blue' } },
      ]),
    ).toEqual(['{"name":"COLOUR","value":"blue"} added to spec.template.spec.containers[0].env'])
    expect(
      summarize([{ op: 'add', path: '/metadata/annotations/deployment.kubernetes.io~1revision', value: '1' }]),
    ).toEqual(['only what tools note down'])
    expect(summarize([])).toEqual([])
  })

  it('says how many more there are', () => {
    const many = Array.from({ length: 5 }, (_, index) => ({
      op: 'replace',
      path: `/data/${'k'}${index}`,
      value: index,
    }))
    expect(summarize(many, 2)).toEqual(['data.k0 → 0', 'data.k1 → 1', 'and 3 more'])
  })
})

describe('comparable()', () => {
  it('leaves what was wanted', () => {
    const object = make(Deployment, 'web', {
      spec: { replicas: 2 } as Deployment['spec'],
      metadata: { labels: { a: 'b' }, annotations: { 'deployment.kubernetes.io/revision': '2' }, generation: 4 },
    })
    expect(comparable(object as unknown as AnyObject)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { replicas: 2 },
      metadata: { name: 'web', namespace: 'default', labels: { a: 'b' } },
    })
  })
})

describe('compare()', () => {
  const at = (second: number, replicas: number) => ({
    ...revision('web', second, 'Updated'),
    object: make(Deployment, 'web', { spec: { replicas } as Deployment['spec'] }) as unknown as AnyObject,
  })
  const now = make(Deployment, 'web', { spec: { replicas: 9 } as Deployment['spec'] }) as unknown as AnyObject
  const replicas = (text: string | undefined) => /replicas: (\d)/.exec(text ?? '')?.[1]

  it('sets what it was against what it is now, as restoring would change it', () => {
    const { before, after, title } = compare(at(1, 2), undefined, now)
    expect([replicas(before), replicas(after)]).toEqual(['9', '2'])
    expect(title).toContain('What restoring would change')
  })
  it('sets any two moments beside each other, in the order in which they were', () => {
    for (const [one, other] of [
      [at(1, 2), at(3, 4)],
      [at(3, 4), at(1, 2)],
    ] as const) {
      const { before, after, title } = compare(one, other, now)
      expect([replicas(before), replicas(after)]).toEqual(['2', '4'])
      expect(title).toMatch(/^What changed from .*:01.* to .*:03/)
    }
  })
  it('shows what is gone as it was', () => {
    expect(compare(at(1, 2), undefined, undefined).before).toBeUndefined()
    expect(replicas(compare(at(1, 2), undefined, undefined).after)).toBe('2')
  })
})

describe('timeline()', () => {
  const warning = make(Event, 'e', {
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web-1' },
    reason: 'BackOff',
    message: 'again',
    count: 3,
    lastTimestamp: '2026-01-01T00:00:04Z',
  })

  it('puts changes and warnings in one order, newest first', () =>
    expect(
      timeline([revision('web', 5, 'Updated'), revision('web', 3, 'Created')], [warning]).map(({ what, name, text }) =>
        `${what} ${name} ${text}`.trim(),
      ),
    ).toEqual(['Updated web', 'BackOff web-1 again (×3)', 'Created web']))

  it('is filtered by what was done in the language of the window, and as the server calls it', async () => {
    await speak('de')
    const [moment] = timeline([revision('web', 5, 'Updated')], [])
    expect(moment?.words).toContain('geändert')
    expect(moment?.words).toContain('updated')
    expect([actionText('Deleted'), actionText('BackOff')]).toEqual(['Gelöscht', 'BackOff'])
  })

  it('offers to bring back only what is still gone', () => {
    const moments = timeline(
      [revision('back', 9, 'Created'), revision('gone', 8, 'Deleted'), revision('back', 7, 'Deleted')],
      [],
    )
    expect(moments.filter(({ gone }) => gone).map(({ name }) => name)).toEqual(['gone'])
  })

  it('knows what controllers make all the time', () =>
    expect(timeline([revision('web-1', 1, 'Created', 'Pod')], [])[0]?.isDetail).toBe(true))
})
