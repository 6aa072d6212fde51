import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeFields,
  difference,
  encodeFields,
  intersection,
  members,
  sameSet,
  showPath,
  union,
} from '../../../src/main/apiserver/patch/apply/field-set.ts'
import { serverSideApply } from '../../../src/main/apiserver/patch/apply/server-side-apply.ts'
import { trackUpdate } from '../../../src/main/apiserver/patch/apply/track-update.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { ApiError } from '../../../src/shared/machinery/status.ts'

const schemaId = 'apps.v1.Deployment'
const T1 = '2024-01-01T00:00:00Z'
const T2 = '2024-01-02T00:00:00Z'

const deployment = (spec: object, metadata: object = {}) =>
  ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', ...metadata }, spec }) as unknown as AnyObject
const apply = (current: AnyObject | undefined, applied: AnyObject, manager: string, more: object = {}) =>
  serverSideApply({ current, applied, manager, force: false, subresource: '', time: T1, schemaId, ...more })
const update = (old: AnyObject | undefined, object: AnyObject, manager: string, more: object = {}): AnyObject => {
  const managedFields = trackUpdate({ old, object, manager, subresource: '', time: T1, schemaId, ...more })
  return { ...object, metadata: { ...object.metadata, managedFields } }
}
const change = (object: AnyObject, spec: object): AnyObject => {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata: metadata as AnyObject['metadata'], spec: { ...(object['spec'] as object), ...spec } }
}
const owned = (object: AnyObject, manager: string, operation = 'Apply') => {
  const entry = object.metadata.managedFields?.find(e => e.manager === manager && e.operation === operation)
  return entry ? [...members(decodeFields(entry.fieldsV1)!)].map(showPath).sort() : undefined
}
const failure = (run: () => unknown): ApiError => {
  try {
    run()
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error('expected a failure')
}
const podOf = (object: AnyObject) => (object['spec'] as { template: { spec: { containers: object[] } } }).template.spec
const containers = (...list: object[]) => ({ template: { spec: { containers: list } } })

describe('serverSideApply()', () => {
  test('steps of managedFields have signs of markup as escapes, as those of clients in Go do', () => {
    const object = apply(undefined, deployment({}, { finalizers: ['a/<b>'] }), 'ci')
    const [entry] = object.metadata.managedFields ?? []
    const step = String.raw`v:"a/\u003cb\u003e"`
    expect(entry?.fieldsV1).toMatchObject({ 'f:metadata': { 'f:finalizers': { [step]: {} } } })
    expect(owned(object, 'ci')).toEqual(['.metadata.finalizers[="a/<b>"]', '.spec'])
    const without = apply(object, deployment({}), 'ci')
    expect(without.metadata.finalizers).toBeUndefined()
  })
  test('creates an object and records what was applied', () => {
    const object = apply(
      undefined,
      deployment({ replicas: 3, ...containers({ name: 'a', image: 'x', ports: [{ containerPort: 80 }] }) }),
      'ci',
    )
    expect(object.metadata.managedFields).toEqual([
      {
        manager: 'ci',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        time: T1,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:spec': {
            'f:replicas': {},
            'f:template': {
              'f:spec': {
                'f:containers': {
                  'k:{"name":"a"}': {
                    '.': {},
                    'f:image': {},
                    'f:name': {},
                    'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
                  },
                },
              },
            },
          },
        },
      },
    ])
  })

  test('answers 409 when another manager owns a field with another value, and takes it by force', () => {
    const created = apply(undefined, deployment({ replicas: 3 }), 'ci')
    const error = failure(() => apply(created, deployment({ replicas: 5 }), 'ops'))
    expect(error.status).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "ci": .spec.replicas',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "ci"', field: '.spec.replicas' }] },
    })
    const forced = apply(created, deployment({ replicas: 5 }), 'ops', { force: true })
    expect(forced['spec']).toEqual({ replicas: 5 })
    expect(owned(forced, 'ops')).toEqual(['.spec.replicas'])
    expect(owned(forced, 'ci')).toBeUndefined()
  })

  test('lists several conflicts by manager', () => {
    const created = update(
      undefined,
      deployment({ replicas: 3, paused: true, ...containers({ name: 'a', image: 'x' }) }),
      'kubectl-create',
    )
    const error = failure(() =>
      apply(created, deployment({ replicas: 4, ...containers({ name: 'a', image: 'y' }) }), 'ops'),
    )
    expect(error.message).toBe(
      'Apply failed with 2 conflicts: conflicts with "kubectl-create" using apps/v1:\n- .spec.replicas\n- .spec.template.spec.containers[name="a"].image',
    )
  })

  test('lists those of one name by how they wrote: appliers first, of a subresource before the whole', () => {
    const whole = apply(undefined, deployment({ paused: true }), 'ann')
    const labels = { labels: { a: 'b' } }
    const status = apply(whole, deployment({}, labels), 'ann', { subresource: 'status' })
    const all = update(status, change(status, { replicas: 3 }), 'ann')
    const error = failure(() => apply(all, deployment({ paused: false, replicas: 4 }, { labels: { a: 'c' } }), 'ops'))
    expect(error.message.split('\n').filter(line => line.includes('conflicts'))).toEqual([
      'Apply failed with 3 conflicts: conflicts with "ann" with subresource "status":',
      'conflicts with "ann":',
      'conflicts with "ann" using apps/v1:',
    ])
  })

  test('shares a field that two managers apply with the same value, and keeps it while one of them does', () => {
    const first = apply(undefined, deployment({ replicas: 3 }), 'ci')
    const shared = apply(first, deployment({ replicas: 3 }), 'ops')
    expect([owned(shared, 'ci'), owned(shared, 'ops')]).toEqual([['.spec.replicas'], ['.spec.replicas']])
    const left = apply(shared, deployment({}), 'ci')
    expect((left['spec'] as { replicas: number }).replicas).toBe(3)
    const gone = apply(left, deployment({}), 'ops')
    expect(gone['spec']).toEqual({})
  })

  test('removes what its manager no longer applies, and leaves what others own', () => {
    const created = apply(
      undefined,
      deployment(
        { paused: true, ...containers({ name: 'a', image: 'x', args: ['1'] }, { name: 'b', image: 'x' }) },
        { labels: { a: '1', b: '2' } },
      ),
      'ci',
    )
    const scaled = update(created, change(created, { replicas: 7 }), 'hpa')
    const next = apply(scaled, deployment(containers({ name: 'a', image: 'x' }), { labels: { a: '1' } }), 'ci')
    expect(next['spec']).toEqual({ replicas: 7, ...containers({ name: 'a', image: 'x' }) })
    expect(next.metadata.labels).toEqual({ a: '1' })
    expect(owned(next, 'hpa', 'Update')).toEqual(['.spec.replicas'])
  })

  test('never removes what it did not apply: the name, defaults, labels of others', () => {
    const created = apply(undefined, deployment({ replicas: 1 }, { labels: { a: '1' } }), 'ci')
    const defaulted = {
      ...created,
      metadata: { ...created.metadata, uid: 'u', labels: { a: '1', other: 'x' } },
      spec: { replicas: 1, progressDeadlineSeconds: 600 },
    } as AnyObject
    const next = apply(defaulted, deployment({}), 'ci')
    expect(next.metadata).toMatchObject({ name: 'web', uid: 'u' })
    expect(next.metadata.labels).toBeUndefined()
    expect(failure(() => apply(undefined, deployment({}), '')).code).toBe(422)
  })

  test('keeps items of others in their place and orders shared ones as applied', () => {
    const c = (...names: string[]) => deployment(containers(...names.map(name => ({ name }))))
    const names = (o: AnyObject) =>
      (o['spec'] as { template: { spec: { containers: { name: string }[] } } }).template.spec.containers.map(
        x => x.name,
      )
    const base = apply(undefined, c('a', 'b', 'c'), 'one')
    expect(names(apply(base, c('c', 'a'), 'two'))).toEqual(['b', 'c', 'a'])
    expect(names(apply(base, c('d'), 'two'))).toEqual(['a', 'b', 'c', 'd'])
    expect(names(apply(base, c('d', 'b'), 'two'))).toEqual(['a', 'd', 'b', 'c'])
  })

  test('treats an atomic list as one field', () => {
    const base = apply(undefined, deployment({ template: { spec: { tolerations: [{ key: 'a' }] } } }), 'one')
    expect(owned(base, 'one')).toEqual(['.spec.template.spec.tolerations'])
    const error = failure(() => apply(base, deployment({ template: { spec: { tolerations: [{ key: 'b' }] } } }), 'two'))
    expect(error.message).toContain('.spec.template.spec.tolerations')
  })

  test('merges sets such as finalizers value by value', () => {
    const base = apply(undefined, deployment({}, { finalizers: ['x/a'] }), 'one')
    const both = apply(base, deployment({}, { finalizers: ['x/b'] }), 'two')
    expect(both.metadata.finalizers).toEqual(['x/a', 'x/b'])
    // An empty map that is applied is owned itself.
    expect(owned(both, 'two')).toEqual(['.metadata.finalizers[="x/b"]', '.spec'])
    expect(apply(both, deployment({}), 'one').metadata.finalizers).toEqual(['x/b'])
  })

  test('changes nothing, not even the time, when the same configuration is applied again', () => {
    const base = apply(undefined, deployment({ replicas: 3 }), 'ci')
    expect(apply(base, deployment({ replicas: 3 }), 'ci', { time: T2 })).toEqual(base)
  })

  test('gives an object that nobody tracked to before-first-apply', () => {
    const untracked = deployment({ replicas: 3 }, { creationTimestamp: T1 })
    const error = failure(() => apply(untracked, deployment({ replicas: 4 }), 'ci'))
    expect(error.message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using apps/v1: .spec.replicas',
    )
  })

  test('whoever replaces an object with another status takes that from nobody', () => {
    const base = apply(undefined, deployment({ replicas: 3 }), 'ci')
    const told = apply(base, { ...deployment({}), status: { replicas: 9 } } as AnyObject, 'ctl', {
      subresource: 'status',
    })
    const replaced = update(told, { ...deployment({ replicas: 4 }), status: { replicas: 1 } } as AnyObject, 'kubectl')
    expect(replaced.metadata.managedFields?.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
      ['ctl', { 'f:status': { 'f:replicas': {} } }],
      ['kubectl', { 'f:spec': { 'f:replicas': {} } }],
    ])
  })

  test('neither owns nor takes from others the status on the main resource, or the spec on the status subresource', () => {
    // Which of it is stored, the kind says; that it was another one makes the writer's entry a new one.
    const both = { ...deployment({ replicas: 3 }), status: { replicas: 9 } } as AnyObject
    const [made] = apply(undefined, both, 'ci').metadata.managedFields ?? []
    expect(made?.fieldsV1).not.toHaveProperty('f:status')
    const base = apply(undefined, deployment({ replicas: 3 }), 'ci')
    const status = { ...both, spec: { replicas: 100 } } as AnyObject
    const next = apply(base, status, 'ctl', { subresource: 'status', time: T2 })
    expect(next['status']).toEqual({ replicas: 9 })
    expect(next.metadata.managedFields).toEqual([
      ...base.metadata.managedFields!,
      expect.objectContaining({
        manager: 'ctl',
        subresource: 'status',
        time: T2,
        fieldsV1: { 'f:status': { 'f:replicas': {} } },
      }),
    ])
  })

  test('takes an item of a list away with all that is in it once nobody owns the item, whoever changed a part of it', () => {
    const two = apply(undefined, deployment(containers({ name: 'a', image: '1' }, { name: 'b', image: '1' })), 'ci')
    const changed = update(two, deployment(containers({ name: 'a', image: '1' }, { name: 'b', image: '2' })), 'kubectl')
    const next = apply(changed, deployment(containers({ name: 'a', image: '1' })), 'ci')
    expect(podOf(next).containers).toEqual([{ name: 'a', image: '1' }])
    expect(next.metadata.managedFields?.map(({ manager }) => manager)).toEqual(['ci'])
    // One that somebody else applies as well stays, without what was this manager's alone.
    const both = apply(two, deployment(containers({ name: 'b' })), 'other')
    const kept = apply(both, deployment(containers({ name: 'a', image: '1' })), 'ci')
    expect(podOf(kept).containers).toContainEqual({ name: 'b' })
  })

  test('refuses managedFields', () => {
    const withFields = deployment({}, { managedFields: [{ manager: 'x' }] })
    expect(failure(() => apply(undefined, withFields, 'ci')).message).toBe('metadata.managedFields must be nil')
  })

  test('changes neither of its inputs', () => {
    const freeze = <T>(value: T): T => {
      if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze)
      return value
    }
    const base = freeze(apply(undefined, deployment({ replicas: 3 }, { labels: { a: '1' } }), 'ci'))
    expect(() => apply(base, freeze(deployment({ paused: true })), 'ci')).not.toThrow()
  })
})

describe('trackUpdate()', () => {
  test('gives a changed field to the updater alone', () => {
    const base = apply(undefined, deployment({ replicas: 3, paused: true }), 'ci')
    const next = update(base, change(base, { replicas: 4 }), 'kubectl-edit')
    expect(owned(next, 'ci')).toEqual(['.spec.paused'])
    expect(owned(next, 'kubectl-edit', 'Update')).toEqual(['.spec.replicas'])
  })

  test('takes removed fields away from everybody', () => {
    const base = apply(undefined, deployment({ replicas: 3, paused: true }), 'ci')
    const next = update(base, change(base, { replicas: undefined }), 'kubectl-edit')
    expect(owned(next, 'ci')).toEqual(['.spec.paused'])
    expect(next.metadata.managedFields).toHaveLength(1)
  })

  test('takes a null that is removed away as well, however deep, and leaves what stayed as it was', () => {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: null, maxUnavailable: 1 } }
    const base = apply(undefined, deployment({ paused: true, strategy }), 'ci')
    expect(owned(base, 'ci')).toContain('.spec.strategy.rollingUpdate.maxSurge')
    const next = update(base, change(base, { strategy: { ...strategy, rollingUpdate: { maxUnavailable: 1 } } }), 'edit')
    expect(owned(next, 'ci')).toEqual([
      '.spec.paused',
      '.spec.strategy.rollingUpdate.maxUnavailable',
      '.spec.strategy.type',
    ])
  })

  test('keeps separate entries per subresource', () => {
    const base = update(undefined, deployment({ replicas: 3 }), 'a')
    const next = update(base, { ...change(base, {}), status: { replicas: 3 } } as AnyObject, 'a', {
      subresource: 'status',
    })
    expect(next.metadata.managedFields?.map(e => [e.manager, e.subresource])).toEqual([
      ['a', undefined],
      ['a', 'status'],
    ])
  })

  test('keeps the time of an entry that did not change', () => {
    const base = update(undefined, deployment({ replicas: 3 }), 'a')
    expect(update(base, change(base, {}), 'a', { time: T2 }).metadata.managedFields).toEqual(
      base.metadata.managedFields,
    )
  })

  test('lets a client clear the list, and keeps the stored one when what it sent cannot be read', () => {
    const base = apply(undefined, deployment({ replicas: 3 }), 'ci')
    const sent = (managedFields: unknown) => ({ ...base, metadata: { ...base.metadata, managedFields } }) as AnyObject
    expect(update(base, sent([{}]), 'x').metadata.managedFields).toEqual([])
    expect(update(base, sent([{ manager: 'x', operation: 'Nonsense' }]), 'x').metadata.managedFields).toEqual(
      base.metadata.managedFields,
    )
  })

  test('merges the oldest of more than ten updaters', () => {
    let object = update(undefined, deployment({}, { labels: { l: 'x' } }), 'first')
    for (let i = 0; i < 15; i++) {
      const { managedFields: _, ...metadata } = object.metadata
      const labels = { ...object.metadata.labels, [`l${i}`]: 'x' }
      const time = `2024-01-02T00:00:${String(i).padStart(2, '0')}Z`
      object = update(object, { ...object, metadata: { ...metadata, labels } as AnyObject['metadata'] }, `m${i}`, {
        time,
      })
    }
    expect(object.metadata.managedFields?.length).toBeLessThanOrEqual(10)
    expect(owned(object, 'ancient-changes', 'Update')).toContain('.metadata.labels.l')
    expect(object.metadata.managedFields?.flatMap(e => owned(object, e.manager!, 'Update')!).sort()).toContain(
      '.metadata.labels.l14',
    )
  })
})

describe('after client-side apply, the manager "kubectl"', () => {
  const LAST = 'kubectl.kubernetes.io/last-applied-configuration'
  const bare = deployment({ replicas: 1, paused: true })
  const left = update(undefined, deployment(bare['spec'] as object, { annotations: { [LAST]: JSON.stringify(bare) } }), 'kubectl-client-side-apply') // prettier-ignore
  const lastApplied = (object: AnyObject) => JSON.parse(object.metadata.annotations?.[LAST] ?? 'null') as AnyObject

  test('changes what was applied without a conflict, and brings the annotation up to date', () => {
    const object = apply(left, deployment({ replicas: 2 }), 'kubectl')
    expect(object['spec']).toMatchObject({ replicas: 2 })
    expect(lastApplied(object)).toEqual(deployment({ replicas: 2 }))
  })
  test('has a conflict about what somebody else has changed since', () => {
    const scaled = update(left, change(left, { replicas: 5 }), 'scaler')
    const error = failure(() => apply(scaled, deployment({ replicas: 2, paused: false }), 'kubectl'))
    expect(error.message).toBe('Apply failed with 1 conflict: conflict with "scaler" using apps/v1: .spec.replicas')
  })
  test('is the only one that may', () => {
    const error = failure(() => apply(left, deployment({ replicas: 2 }), 'ci'))
    expect(error.message).toContain('conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas')
    expect(lastApplied(apply(left, deployment({ replicas: 2 }), 'ci', { force: true }))).toEqual(bare)
  })
  test.each(['no JSON', '[]', '{"apiVersion":"apps/v1beta1","spec":{"replicas":1}}'])(
    'takes nothing from an annotation that says %s',
    text => {
      const odd = update(undefined, deployment({ replicas: 1 }, { annotations: { [LAST]: text } }), 'old')
      expect(failure(() => apply(odd, deployment({ replicas: 2 }), 'kubectl')).code).toBe(409)
    },
  )
})

describe('an apply that changes nothing', () => {
  test('makes an owner, and is not dated', () => {
    const object = update(undefined, deployment({ replicas: 1 }), 'old')
    const entry = (of: AnyObject) => of.metadata.managedFields?.find(({ manager }) => manager === 'ci')
    const same = apply(object, deployment({ replicas: 1 }), 'ci', { time: T2 })
    expect(entry(same)).toMatchObject({ operation: 'Apply', fieldsV1: { 'f:spec': { 'f:replicas': {} } } })
    expect(entry(same)?.time).toBeUndefined()
    const changed = apply(same, deployment({ replicas: 1, paused: true }), 'ci', { time: T2 })
    expect(entry(changed)?.time).toBe(T2)
  })

  test('of somebody who applies nothing leaves no list of managers', () => {
    const object = apply(undefined, deployment({ replicas: 1 }), 'ci')
    const empty = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } } as unknown as AnyObject
    expect(apply(object, empty, 'ci').metadata).not.toHaveProperty('managedFields')
  })
})

test('items of a list that have one key are owned together, and nothing in them', () => {
  const twice = [
    { name: 'A', value: '1' },
    { name: 'A', value: '2' },
  ]
  const object = update(
    undefined,
    deployment(containers({ name: 'c', env: [...twice, { name: 'B', value: '3' }] })),
    'm',
  )
  const paths = owned(object, 'm', 'Update')?.filter(path => path.includes('.env['))
  const env = (rest: string) => `.spec.template.spec.containers[name="c"].env[name=${rest}`
  expect(paths).toEqual([env('"A"]'), env('"B"]'), env('"B"].name'), env('"B"].value')])
})

test('who changes one of several items with one key, or their number, owns them; the others own nothing of them', () => {
  const envs = (...values: string[]) =>
    deployment(containers({ name: 'c', env: values.map(value => ({ name: 'A', value })) }))
  const at = '.spec.template.spec.containers[name="c"].env[name="A"]'
  const of = (object: AnyObject, manager: string) =>
    owned(object, manager, 'Update')?.filter(path => path.startsWith(at))
  const made = update(undefined, envs('1'), 'maker')
  expect(of(made, 'maker')).toEqual([at, `${at}.name`, `${at}.value`])
  const doubled = update(made, envs('1', '2'), 'second')
  expect([of(doubled, 'maker'), of(doubled, 'second')]).toEqual([[], [at]])
  const same = update(doubled, envs('1', '2'), 'third')
  expect([of(same, 'second'), of(same, 'third')]).toEqual([[at], undefined])
  const longer = update(same, envs('1', '2', '3'), 'third')
  expect([of(longer, 'second') ?? [], of(longer, 'third')]).toEqual([[], [at]])
  const single = update(longer, envs('1'), 'fourth')
  expect([of(single, 'third') ?? [], of(single, 'fourth')]).toEqual([[], [at, `${at}.name`, `${at}.value`]])
})

test('what a path may not write is not owned by it', () => {
  const object = update(undefined, deployment({ replicas: 1 }, { labels: { a: 'b' } }), 'old')
  const given = { ...deployment({}, { labels: { c: 'd' }, annotations: { e: 'f' } }), status: { replicas: 1 } }
  const status = apply(object, given, 'ctl', { subresource: 'status', keptMetadata: ['labels'] })
  expect(status.metadata.labels).toEqual({ a: 'b' })
  expect(owned(status, 'ctl')).toEqual(['.metadata.annotations.e', '.status.replicas'])
})

describe('a field set', () => {
  const steps = fc.array(fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:1'), { minLength: 1, maxLength: 4 })
  const set = fc.array(steps, { maxLength: 6 }).map(paths => {
    const root: Record<string, unknown> = {}
    for (const path of paths) {
      let node = root
      for (const step of path) node = (node[step] ??= {}) as Record<string, unknown>
      if (Object.keys(node).length) node['.'] = {}
    }
    return decodeFields(root)!
  })
  test('is the same when encoded and decoded', () => {
    fc.assert(fc.property(set, a => sameSet(decodeFields(encodeFields(a))!, a)))
  })
  test('obeys the laws of sets', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        expect(sameSet(union(a, b), union(b, a))).toBe(true)
        expect(sameSet(union(difference(a, b), intersection(a, b)), a)).toBe(true)
        expect(sameSet(difference(a, a), intersection(a, difference(b, b)))).toBe(true)
      }),
    )
  })
  test.each([[null], [{ x: {} }], [{ 'f:a': 1 }], [[]]])('is not read from %j', value => {
    expect(decodeFields(value)).toBeUndefined()
  })
})
