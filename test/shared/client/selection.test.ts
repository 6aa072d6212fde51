// Who selects whom by labels: the same answers as asking every object, whatever came and went before.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LabelSelector } from '../../../src/shared/api/meta/v1.ts'
import { ObjectCache } from '../../../src/shared/client/lister.ts'
import { Selectors, orphansSelectedBy, selectedBy } from '../../../src/shared/client/selection.ts'
import type { KubeObject } from '../../../src/shared/machinery/object.ts'
import { fromLabelSelector } from '../../../src/shared/machinery/selectors.ts'

type Labels = Record<string, string>
interface Thing extends KubeObject {
  readonly spec: { readonly selector?: LabelSelector | undefined }
}
interface Told {
  readonly name: string
  readonly namespace: string
  readonly labels?: Labels | undefined
  readonly selector?: LabelSelector | undefined
  readonly controlled?: boolean
}

const thing = ({ name, namespace, labels, selector, controlled }: Told): Thing => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: {
    name,
    namespace,
    uid: `${namespace}-${name}`,
    ...(labels ? { labels } : {}),
    ...(controlled
      ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Owner', name: 'o', uid: 'o', controller: true }] }
      : {}),
  } as Thing['metadata'],
  spec: { selector },
})
const selectors = () => new Selectors<Thing>(({ spec }) => fromLabelSelector(spec.selector))
const namesOf = (found: readonly Thing[]) => found.map(({ metadata }) => metadata.name).sort()

const someLabels = fc.dictionary(fc.constantFrom('app', 'tier', 'constructor'), fc.constantFrom('a', 'b', ''), {
  noNullPrototype: true,
})
const someSelector: fc.Arbitrary<LabelSelector> = fc.record(
  {
    matchLabels: someLabels,
    matchExpressions: fc.array(
      fc.oneof(
        fc.record({
          key: fc.constantFrom('app', 'tier'),
          operator: fc.constantFrom('In', 'NotIn'),
          values: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 2 }),
        }),
        fc.record({ key: fc.constantFrom('app', 'tier'), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
      ),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
)
const someThing: fc.Arbitrary<Told> = fc.record(
  {
    name: fc.constantFrom('x', 'y', 'z', 'w'),
    namespace: fc.constantFrom('one', 'two'),
    labels: someLabels,
    selector: someSelector,
    controlled: fc.boolean(),
  },
  { requiredKeys: ['name', 'namespace'] },
)
const someChange = fc.oneof(
  { weight: 4, arbitrary: fc.record({ put: someThing }) },
  fc.record({ gone: fc.constantFrom('one/x', 'one/y', 'two/x') }),
)

describe('selection', () => {
  test('finds what a look at every object finds, after any history', () => {
    const history = fc.array(someChange, { maxLength: 25 })
    fc.assert(
      fc.property(history, someLabels, someLabels, someSelector, (changes, labels, labelsBefore, selector) => {
        const cache = new ObjectCache<Thing>()
        const asked = selectors()
        const matcher = fromLabelSelector(selector)
        for (const change of changes) {
          if ('put' in change) cache.set(`${change.put.namespace}/${change.put.name}`, thing(change.put))
          else cache.delete(change.gone)
          const here = cache.list().filter(({ metadata }) => metadata.namespace === 'one')
          const matching = here.filter(({ metadata }) => matcher.matches(metadata.labels))
          const orphans = matching.filter(({ metadata }) => !metadata.ownerReferences)
          const selecting = here.filter(({ spec }) => {
            const own = fromLabelSelector(spec.selector)
            return own.matches(labels) || own.matches(labelsBefore)
          })
          expect(namesOf(selectedBy(cache, 'one', matcher))).toEqual(namesOf(matching))
          expect(namesOf(orphansSelectedBy(cache, 'one', matcher))).toEqual(namesOf(orphans))
          expect(namesOf(asked.selecting(cache, 'one', labels, labelsBefore))).toEqual(namesOf(selecting))
        }
      }),
    )
  })

  test('asks only those that demand a label which the object has', () => {
    const cache = new ObjectCache<Thing>()
    const asked: string[] = []
    const watched = new Selectors<Thing>(({ metadata, spec }) => {
      const matcher = fromLabelSelector(spec.selector)
      return {
        ...matcher,
        matches: labels => {
          asked.push(metadata.name)
          return matcher.matches(labels)
        },
      }
    })
    for (const app of ['a', 'b', 'c'])
      cache.set(`one/${app}`, thing({ name: app, namespace: 'one', selector: { matchLabels: { app } } }))
    expect(namesOf(watched.selecting(cache, 'one', { app: 'b', tier: 'x' }))).toEqual(['b'])
    expect(asked).toEqual(['b'])
  })

  test('a selector that cannot be read selects nothing and harms nobody', () => {
    const cache = new ObjectCache<Thing>()
    const bad = { matchExpressions: [{ key: 'app', operator: 'Near', values: ['a'] }] }
    cache.set('one/bad', thing({ name: 'bad', namespace: 'one', selector: bad }))
    cache.set('one/good', thing({ name: 'good', namespace: 'one', selector: { matchLabels: { app: 'a' } } }))
    expect(namesOf(selectors().selecting(cache, 'one', { app: 'a' }))).toEqual(['good'])
  })
})
