// Server-side apply and strategic merge beside models of them that are simple enough to be seen right.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyPatch, STRATEGIC_MERGE_PATCH } from '../../../src/main/apiserver/patch/apply-patch.ts'
import { decodeFields, members, showPath } from '../../../src/main/apiserver/patch/apply/field-set.ts'
import { serverSideApply } from '../../../src/main/apiserver/patch/apply/server-side-apply.ts'
import { trackUpdate } from '../../../src/main/apiserver/patch/apply/track-update.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { ApiError } from '../../../src/shared/machinery/status.ts'

type Data = Readonly<Record<string, string>>

describe('server-side apply of a map, beside a model of who owns which key', () => {
  const schemaId = 'core.v1.ConfigMap'
  const time = '2026-01-01T00:00:00Z'
  interface Command {
    readonly operation: 'Apply' | 'Update'
    readonly manager: string
    readonly data: Data
    readonly force: boolean
  }
  const data = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.constantFrom('1', '2', '3'), {
    noNullPrototype: false,
  })
  const command: fc.Arbitrary<Command> = fc.record({
    operation: fc.constantFrom('Apply', 'Apply', 'Update'),
    manager: fc.constantFrom('ann', 'bob', 'eve'),
    data,
    force: fc.boolean(),
  })
  const entries = (object: AnyObject | undefined) => new Map(Object.entries((object?.['data'] ?? {}) as Data))
  const draft = (given: ReadonlyMap<string, string>): AnyObject =>
    ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'm' },
      ...(given.size > 0 ? { data: Object.fromEntries(given) } : {}),
    }) as unknown as AnyObject

  /** Stands for the map itself, which belongs to whose update brings it. */
  const MAP = '.'

  class Model {
    values = new Map<string, string>()
    #hasMap = false
    readonly owners = new Map<string, Set<string>>()
    #exists = false

    #others = (id: string, key: string) => [...this.owners].filter(([other, keys]) => other !== id && keys.has(key))

    /** @returns whether it happens; otherwise it is a conflict */
    run({ operation, manager, data: given, force }: Command): boolean {
      const id = `${manager} ${operation}`
      const wanted = new Map(Object.entries(given))
      const changed = [...wanted].filter(([key, value]) => this.values.get(key) !== value).map(([key]) => key)
      // Of what nobody owned anything yet, updates are not followed; the first apply finds out what there is.
      const unowned = this.#exists && [...this.owners.values()].every(keys => keys.size === 0)
      this.#exists = true
      if (unowned && operation === 'Update') {
        this.values = wanted
        this.#hasMap = wanted.size > 0
        return true
      }
      const before = 'before-first-apply Update'
      if (unowned && this.#hasMap) this.owners.set(before, new Set([MAP, ...this.values.keys()]))
      const own = this.owners.get(id) ?? new Set()
      if (operation === 'Apply') {
        if (!force && changed.some(key => this.#others(id, key).length > 0)) {
          if (unowned) this.owners.delete(before)
          return false
        }
        for (const key of own) if (!wanted.has(key) && this.#others(id, key).length === 0) this.values.delete(key)
        this.owners.set(id, new Set(wanted.keys()))
        for (const [key, value] of wanted) this.values.set(key, value)
        this.#take(id, changed)
        if (wanted.size > 0) this.#hasMap = true
        // What its manager no longer applies and nobody owns is gone, the map as well.
        else if (own.size > 0 && [...this.owners.values()].every(keys => keys.size === 0)) this.#hasMap = false
        return true
      }
      const removed = [...this.values.keys()].filter(key => !wanted.has(key))
      if (wanted.size > 0 && !this.#hasMap) changed.push(MAP)
      if (wanted.size === 0) removed.push(MAP)
      this.values = wanted
      this.#hasMap = wanted.size > 0
      this.owners.set(id, new Set([...own, ...changed].filter(key => !removed.includes(key))))
      this.#take(id, [...changed, ...removed])
      return true
    }

    #take(id: string, keys: readonly string[]): void {
      for (const [other, theirs] of this.owners) if (other !== id) for (const key of keys) theirs.delete(key)
    }
  }

  function run(current: AnyObject | undefined, { operation, manager, data: given, force }: Command): AnyObject {
    const object = draft(new Map(Object.entries(given)))
    if (operation === 'Apply')
      return serverSideApply({ current, applied: object, manager, force, subresource: '', time, schemaId })
    const managedFields = trackUpdate({ old: current, object, manager, subresource: '', time, schemaId })
    return { ...object, metadata: { ...object.metadata, managedFields } }
  }

  const ownersIn = (object: AnyObject) =>
    (object.metadata.managedFields ?? []).map(({ manager, operation, fieldsV1 }): [string, string[]] => [
      `${manager} ${operation}`,
      [...members(decodeFields(fieldsV1)!)].map(showPath).flatMap(path => {
        const inData = /^\.data(?:\.(.+))?$/.exec(path)
        return inData ? (inData[1] ?? MAP) : []
      }),
    ])
  const sorted = (owners: Iterable<readonly [string, Iterable<string>]>) =>
    [...owners]
      .map(([id, keys]) => `${id}: ${[...keys].sort().join()}`)
      .filter(line => !line.endsWith(': '))
      .sort()

  test('values, owners and conflicts are those of the model, whoever applies and updates what', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 12 }), commands => {
        const model = new Model()
        let object: AnyObject | undefined
        for (const given of commands) {
          let refused: unknown
          try {
            object = run(object, given)
          } catch (error) {
            if (!(error instanceof ApiError)) throw error
            refused = error.code
          }
          expect(refused).toBe(model.run(given) ? undefined : 409)
          expect(entries(object)).toEqual(model.values)
          if (object) expect(sorted(ownersIn(object))).toEqual(sorted(model.owners))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('an apply that is repeated changes nothing', () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 8 }), commands => {
        let object: AnyObject | undefined
        for (const given of commands) object = run(object, { ...given, force: true })
        const last = { ...commands.at(-1)!, operation: 'Apply' as const, force: true }
        const once = run(object, last)
        expect(run(once, last)).toEqual(once)
      }),
    )
  })
})

describe('server-side apply of a keyed list and a set, beside a model of who holds which part', () => {
  const schemaId = 'apps.v1.Deployment'
  const time = '2026-01-01T00:00:00Z'
  interface Command {
    readonly manager: string
    /** Containers by name, with an image or without. */
    readonly items: Readonly<Record<string, string | null>>
    /** Finalizers: a set. */
    readonly marks: readonly string[]
    readonly force: boolean
  }
  const command: fc.Arbitrary<Command> = fc.record({
    manager: fc.constantFrom('ann', 'bob', 'eve'),
    items: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(null, '1', '2'), { noNullPrototype: true }),
    marks: fc.subarray(['x', 'y', 'z']),
    force: fc.boolean(),
  })
  /** An item is a part, its image another, and so is each member of the set. */
  const partsOf = ({ items, marks }: Pick<Command, 'items' | 'marks'>) =>
    new Map([
      ...Object.keys(items).map((name): [string, string] => [name, '']),
      ...Object.entries(items).flatMap(([name, image]): [string, string][] =>
        image ? [[`${name}.image`, image]] : [],
      ),
      ...marks.map((mark): [string, string] => [`!${mark}`, '']),
    ])

  class Model {
    readonly values = new Map<string, string>()
    readonly owners = new Map<string, Set<string>>()

    #others = (manager: string, part: string) =>
      [...this.owners].filter(([other, parts]) => other !== manager && parts.has(part)).map(([, parts]) => parts)

    /** @returns whether it happens; otherwise it is a conflict */
    run(given: Command): boolean {
      const { manager, force } = given
      const wanted = partsOf(given)
      // Only an image can be wanted otherwise than it is: items and members are there or not.
      const changed = [...wanted].filter(([part, value]) => this.values.has(part) && this.values.get(part) !== value)
      const disputed = changed.filter(([part]) => this.#others(manager, part).length > 0)
      if (disputed.length > 0 && !force) return false
      for (const [part] of disputed) for (const parts of this.#others(manager, part)) parts.delete(part)
      // Given up: gone unless somebody else holds it.
      for (const part of this.owners.get(manager) ?? [])
        if (!wanted.has(part) && this.#others(manager, part).length === 0) this.values.delete(part)
      for (const [part, value] of wanted) this.values.set(part, value)
      this.owners.set(manager, new Set(wanted.keys()))
      return true
    }
  }

  function run(current: AnyObject | undefined, { manager, items, marks, force }: Command): AnyObject {
    const containers = Object.entries(items).map(([name, image]) => ({ name, ...(image ? { image } : {}) }))
    const finalizers = marks.map(mark => `example.test/${mark}`)
    const applied = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', ...(finalizers.length > 0 ? { finalizers } : {}) },
      ...(containers.length > 0 ? { spec: { template: { spec: { containers } } } } : {}),
    } as unknown as AnyObject
    return serverSideApply({ current, applied, manager, force, subresource: '', time, schemaId })
  }

  interface Stored {
    readonly spec?: { readonly template?: { readonly spec?: { readonly containers?: Container[] } } }
  }
  interface Container {
    readonly name: string
    readonly image?: string
  }
  const valuesIn = (object: AnyObject | undefined) => {
    const containers = (object as Stored | undefined)?.spec?.template?.spec?.containers ?? []
    const finalizers = object?.metadata.finalizers ?? []
    // Nothing is there twice.
    expect(new Set(containers.map(({ name }) => name)).size).toBe(containers.length)
    expect(new Set(finalizers).size).toBe(finalizers.length)
    return partsOf({
      items: Object.fromEntries(containers.map(({ name, image }) => [name, image ?? null])),
      marks: finalizers.map(finalizer => finalizer.replace('example.test/', '')),
    })
  }
  const ownersIn = (object: AnyObject | undefined) =>
    (object?.metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => {
      const parts = [...members(decodeFields(fieldsV1)!)].map(showPath).flatMap(path => {
        const [, name, field] = /containers\[name="(\w)"\](?:\.(\w+))?$/.exec(path) ?? []
        const [, mark] = /^\.metadata\.finalizers\[="example\.test\/(\w)"\]$/.exec(path) ?? []
        // The key is held with the item.
        if (name) return field === 'name' ? [] : [field ? `${name}.${field}` : name]
        return mark ? [`!${mark}`] : []
      })
      return `${manager}: ${parts.sort().join()}`
    })
  const holding = (lines: readonly string[]) => lines.filter(line => !line.endsWith(': ')).sort()

  test('parts, holders and conflicts are those of the model: added, given up, forced', () => {
    let [conflicts, givenUp] = [0, 0]
    fc.assert(
      fc.property(fc.array(command, { maxLength: 12 }), commands => {
        const model = new Model()
        let object: AnyObject | undefined
        for (const given of commands) {
          const before = model.values.size
          let refused: unknown
          try {
            object = run(object, given)
          } catch (error) {
            if (!(error instanceof ApiError)) throw error
            refused = error.code
          }
          expect(refused).toBe(model.run(given) ? undefined : 409)
          if (refused) conflicts++
          if (model.values.size < before) givenUp++
          expect(sortedEntries(valuesIn(object))).toEqual(sortedEntries(model.values))
          expect(holding(ownersIn(object))).toEqual(
            holding([...model.owners].map(([manager, parts]) => `${manager}: ${[...parts].sort().join()}`)),
          )
        }
      }),
      { numRuns: 300 },
    )
    // What it is about does come.
    expect([conflicts > 50, givenUp > 50]).toEqual([true, true])
  })
})

const sortedEntries = (map: ReadonlyMap<string, string>) => [...map].map(([key, value]) => `${key}=${value}`).sort()

describe('a strategic merge patch made from the difference of two objects', () => {
  type Named = { readonly name: string } & Readonly<Record<string, unknown>>
  interface Target {
    readonly metadata: { readonly finalizers: readonly string[]; readonly labels: Data }
    readonly spec: {
      readonly template: { readonly spec: { readonly containers: readonly Named[]; readonly nodeSelector: Data } }
    }
  }
  const map = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'), { noNullPrototype: true })
  const unique = <T extends Named>(item: fc.Arbitrary<T>) =>
    fc.uniqueArray(item, { selector: ({ name }) => name, maxLength: 4 })
  const env = fc.record({ name: fc.constantFrom('X', 'Y', 'Z'), value: fc.constantFrom('1', '2') })
  const container = fc.record({
    name: fc.constantFrom('web', 'side', 'log', 'dns'),
    image: fc.constantFrom('i:1', 'i:2'),
    args: fc.array(fc.constantFrom('-a', '-b'), { minLength: 1, maxLength: 3 }),
    env: unique(env),
  })
  const object: fc.Arbitrary<Target> = fc
    .record({
      finalizers: fc.uniqueArray(fc.constantFrom('x/a', 'x/b', 'x/c'), { maxLength: 3 }),
      labels: map,
      containers: unique(container),
      nodeSelector: map,
    })
    .map(({ finalizers, labels, containers, nodeSelector }) => ({
      metadata: { finalizers, labels },
      spec: { template: { spec: { containers, nodeSelector } } },
    }))

  const mapDiff = (from: Data, to: Data) =>
    Object.fromEntries<string | null>([
      ...Object.keys(from).filter(key => !(key in to)).map((key): [string, null] => [key, null]),
      ...Object.entries(to).filter(([key, value]) => from[key] !== value),
    ]) // prettier-ignore
  /** What differs in lists of named items, with the directives for what is gone and for the order. */
  function namedDiff(key: string, from: readonly Named[], to: readonly Named[], inner: (a: Named, b: Named) => object) {
    const gone = from.filter(({ name }) => !to.some(item => item.name === name))
    const items = to.flatMap(item => {
      const before = from.find(({ name }) => name === item.name)
      return [before ? { name: item.name, ...inner(before, item) } : item]
    })
    return {
      [key]: [...items, ...gone.map(({ name }) => ({ name, $patch: 'delete' }))],
      [`$setElementOrder/${key}`]: to.map(({ name }) => ({ name })),
    }
  }
  const diff = (from: Target, to: Target) => ({
    metadata: {
      labels: mapDiff(from.metadata.labels, to.metadata.labels),
      finalizers: to.metadata.finalizers.filter(text => !from.metadata.finalizers.includes(text)),
      '$deleteFromPrimitiveList/finalizers': from.metadata.finalizers.filter(
        text => !to.metadata.finalizers.includes(text),
      ),
      '$setElementOrder/finalizers': to.metadata.finalizers,
    },
    spec: {
      template: {
        spec: {
          nodeSelector: mapDiff(from.spec.template.spec.nodeSelector, to.spec.template.spec.nodeSelector),
          ...namedDiff('containers', from.spec.template.spec.containers, to.spec.template.spec.containers, (a, b) => ({
            image: b['image'],
            args: b['args'],
            ...namedDiff('env', a['env'] as Named[], b['env'] as Named[], (_, { value }) => ({ value })),
          })),
        },
      },
    },
  })
  const patched = (current: Target, patch: object) =>
    applyPatch(STRATEGIC_MERGE_PATCH, 'apps.v1.Deployment', current as unknown as AnyObject, patch) as unknown

  test('leads from one to the other, order included', () => {
    fc.assert(
      fc.property(object, object, (from, to) => {
        expect(patched(from, diff(from, to))).toEqual(to)
      }),
      { numRuns: 300 },
    )
  })

  test('does nothing to the one that it leads to', () => {
    fc.assert(
      fc.property(object, object, (from, to) => {
        expect(patched(to, diff(from, to))).toEqual(to)
      }),
    )
  })
})
