// What is dropped becomes objects in an order in which they can be made.
import { describe, expect, it } from 'vitest'
import { differs, ownedByOthers, planApply, waitsFor } from '@/apply/apply-plan.ts'
import { linesOf, summaryOf } from '@/what-if/what-if.ts'
import type { WhatIfPod } from '../../../src/shared/api/flotilla/scheduling-v1.ts'

const file = (path: string, ...texts: string[]) => ({ path, text: texts.join('\n---\n') })
const named = (kind: string, name: string, apiVersion = 'v1') =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${name}`

describe('planApply()', () => {
  it('puts what others need first, and keeps the order of the rest', () => {
    const { items } = planApply([
      file('a.yaml', named('Deployment', 'web', 'apps/v1'), named('Service', 'web')),
      file('b.yml', named('Namespace', 'shop')),
    ])
    expect(items.map(({ object, path }) => `${path} ${object.kind}`)).toEqual([
      'b.yml Namespace',
      'a.yaml Deployment',
      'a.yaml Service',
    ])
  })
  it('takes lists apart, and reads JSON', () => {
    const list = { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }] }
    expect(planApply([file('x.json', JSON.stringify(list))]).items.map(({ object }) => object.kind)).toEqual(['Pod'])
  })
  it('names the files that it cannot read, and goes on with the others', () => {
    const plan = planApply([
      file('bad.yaml', 'a: ['),
      file('no-kind.yaml', 'a: 1'),
      file('good.yaml', named('Pod', 'p')),
    ])
    expect(plan.problems.map(({ path }) => path)).toEqual(['bad.yaml', 'no-kind.yaml'])
    expect(plan.problems[0]?.message, 'the place alone, not what stands there').toMatch(/ at line 1, column \d+$/)
    expect(plan.items).toHaveLength(1)
  })
  it('knows what an object of the same drop waits for', () => {
    const crd = `${named('CustomResourceDefinition', 'boats.example.dev', 'apiextensions.k8s.io/v1')}\nspec:\n  group: example.dev\n  names:\n    kind: Boat`
    const plan = planApply([file('all.yaml', named('Boat', 'erna', 'example.dev/v1'), named('Namespace', 'sea'), crd)])
    const boat = plan.items.find(({ object }) => object.kind === 'Boat')!
    expect(waitsFor(boat, plan, 'sea')).toBe('Namespace sea')
    expect(waitsFor(boat, plan, 'default')).toBe('the definition of Boat')
    expect(waitsFor(plan.items[0]!, plan, undefined)).toBeUndefined()
  })
})

it('differs() looks at what people see, not at bookkeeping', () => {
  const object = (resourceVersion: string, data: object, status?: object) =>
    ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', resourceVersion }, data, status }) as never
  expect(differs(object('1', { a: 'b' }), object('2', { a: 'b' }, {}))).toBe(false)
  expect(differs(object('1', { a: 'b' }), object('1', { a: 'c' }))).toBe(true)
})

it('ownedByOthers() names the fields and their owners', () => {
  const causes = [{ reason: 'FieldManagerConflict', field: '.spec.replicas', message: 'conflict with "hpa"' }]
  expect(ownedByOthers({ details: { causes } } as never)).toEqual(['.spec.replicas: conflict with "hpa"'])
})

describe('what would follow', () => {
  const pod = (change: string, rest: Partial<WhatIfPod> = {}): WhatIfPod => ({
    namespace: 'shop',
    name: 'web',
    change,
    ...rest,
  })
  const textsOf = (pods: readonly WhatIfPod[]) => linesOf(pods).map(({ text }) => text)

  it('is told in a line a pod', () => {
    expect(textsOf([pod('Move', { from: 'a', to: 'b', blockedBy: 'web' })])).toEqual([
      'shop/web would go from a to b (not now: budget web)',
    ])
    expect(textsOf([pod('Move', { from: 'a', message: 'no room' })])).toEqual([
      'shop/web would leave a and find no node: no room',
    ])
    expect(textsOf([pod('Create', { message: 'no room' })])).toEqual(['shop/web would start nowhere: no room'])
    expect(textsOf([pod('Remove', { lost: true })])[0]).toContain('nothing makes it anew')
  })
  it('is summed up in a sentence', () => {
    const moved = pod('Move', { to: 'b' })
    expect(summaryOf([moved, pod('Preempt', { to: 'b' }), pod('Create'), pod('Move', { blockedBy: 'web' })])).toBe(
      '2 pods find a node, 2 would wait, 1 is held back by disruption budgets.',
    )
    expect(summaryOf([moved, pod('Wait', { to: 'b' }), pod('Remove'), pod('Remove', { lost: true })])).toBe(
      '1 pod finds a node, 1 that waits now would start, 1 would be removed, 1 would be lost.',
    )
    expect(summaryOf([pod('Wait')])).toBe('Nothing would move.')
  })
  it('begins with trouble, and leaves out what stays as it is', () => {
    const fine = pod('Move', { from: 'a', to: 'b' })
    const lost = pod('Remove', { lost: true })
    const blocked = pod('Move', { from: 'a', to: 'b', blockedBy: 'x' })
    const waiting = pod('Wait', { message: 'no room' })
    expect(textsOf([waiting, fine, blocked, lost])).toEqual([
      'shop/web would be lost: nothing makes it anew',
      'shop/web would go from a to b (not now: budget x)',
      'shop/web would go from a to b',
    ])
  })
  it('says the same of many pods once, with how many they are', () => {
    const started = () => pod('Create', { to: 'a' })
    const waits = () => pod('Create', { message: 'no room' })
    expect(linesOf([started(), waits(), waits(), started(), waits()])).toEqual([
      { text: 'shop/web would start nowhere: no room', isTrouble: true, times: 3 },
      { text: 'shop/web would start on a', isTrouble: false, times: 2 },
    ])
  })
  it('tells a reason that several have once, above them', () => {
    const waits = (name: string, message: string) => pod('Move', { from: 'a', name, message })
    expect(linesOf([waits('one', 'no room'), waits('three', 'no volume'), waits('two', 'no room')])).toEqual([
      { text: 'no room', isTrouble: true, times: 2 },
      { text: 'shop/one would leave a and find no node', isTrouble: true, times: 1, isBelow: true },
      { text: 'shop/two would leave a and find no node', isTrouble: true, times: 1, isBelow: true },
      { text: 'shop/three would leave a and find no node: no volume', isTrouble: true, times: 1 },
    ])
  })
})
