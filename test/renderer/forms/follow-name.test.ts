// Places of a new object that are called as the object is.
import { describe, expect, it } from 'vitest'
import { Service } from '../../../src/shared/api/core/v1.ts'
import { DaemonSet, StatefulSet } from '../../../src/shared/api/apps/v1.ts'
import { NetworkPolicy } from '../../../src/shared/api/networking/v1.ts'
import { PLACEHOLDER, followName, placesOf } from '@/forms/follow-name.ts'
import { readForm, setAt, valueAt } from '@/forms/form-text.ts'
import { callsItself, startingText } from '@/forms/starters.ts'

const start = startingText(StatefulSet, undefined, 'default')
const places = placesOf(readForm(start))

describe('the places of a starter that follow the name', () => {
  it('are the labels, the selector and the service', () => {
    expect(places.map(path => path.join('.'))).toEqual([
      'spec.serviceName',
      'spec.selector.matchLabels.app',
      'spec.template.metadata.labels.app',
    ])
  })

  it('say it as it is typed, so that two of a kind never select the pods of each other', () => {
    const typed = followName(followName(start, places, PLACEHOLDER, 'd'), places, 'd', 'db')
    for (const path of places) expect(valueAt(readForm(typed), path)).toBe('db')
    expect(typed).not.toContain(PLACEHOLDER)
  })

  it('are let be once somebody wrote something else there', () => {
    const own = setAt(start, ['spec', 'serviceName'], 'peers')
    const object = readForm(followName(own, places, PLACEHOLDER, 'db'))
    expect(valueAt(object, ['spec', 'serviceName'])).toBe('peers')
    expect(valueAt(object, ['spec', 'selector', 'matchLabels', 'app'])).toBe('db')
  })

  it('hold whatever is typed as text', () => {
    for (const name of ['1', 'true', 'null', '# no', "o'clock", '{x}'])
      expect(valueAt(readForm(followName(start, places, PLACEHOLDER, name)), places[0] ?? [])).toBe(name)
  })

  it('wait while the text cannot be read', () => {
    expect(followName('kind: [', places, PLACEHOLDER, 'db')).toBe('kind: [')
  })
})

it('a kind calls itself where its labels are its own, not where its selector means others', () => {
  expect([StatefulSet, DaemonSet, Service].every(callsItself)).toBe(true)
  expect(callsItself(NetworkPolicy)).toBe(false)
  expect(callsItself({ ...Service, group: 'example.com' })).toBe(false)
})
