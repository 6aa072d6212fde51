// @vitest-environment node
// Every kind with a form, against a real server: what its starter needs to be taken, what the server refuses told at its
// field, and edits by form or by hand merged with what somebody else changed meanwhile.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createSSRApp, h } from 'vue'
import { createPinia } from 'pinia'
import { renderToString } from 'vue/server-renderer'
import { ConfigMap, Namespace } from '../../../src/shared/api/core/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../../src/shared/machinery/resource-type.ts'
import type { ServedKind } from '@/api/discovery.ts'
import { parseObjects, toYaml } from '@/api/yaml-text.ts'
import SchemaForm from '@/forms/SchemaForm.vue'
import { refusalOf } from '@/forms/causes.ts'
import { type Path, pathText, readForm, setAt, valueAt } from '@/forms/form-text.ts'
import type { FieldSchema } from '@/forms/schema.ts'
import { startingText } from '@/forms/starters.ts'
import { conflictTitle, mergeText, resolveConflict } from '@/forms/three-way.ts'
import { offeredKinds } from '@/kinds/creatable.ts'
import { FORM_KINDS, type FormKind } from '../support/form-kinds.ts'
import { builtinResources, servedSchema } from '../support/schemas.ts'
import { type TestServer, startTestApiServer } from '../support/server.ts'

// The form offers the names of namespaces: here nobody tells them.
vi.hoisted(() => {
  vi.stubGlobal('location', { origin: 'https://cluster.test' })
  vi.stubGlobal('fetch', () => new Promise(() => undefined))
})

let server: TestServer
let client: Client
beforeAll(async () => {
  server = await startTestApiServer()
  client = server.clientAs()
})
afterAll(() => server[Symbol.asyncDispose]())

/** The text of the form with a name and what its starter leaves open. */
const filled = ({ type, fill }: FormKind, schema: FieldSchema, name: string) =>
  [[['metadata', 'name'], name] as const, ...fill].reduce(
    (text, [path, value]) => setAt(text, path, value),
    startingText(type, schema, 'default'),
  )
const only = (text: string): AnyObject => {
  const [object] = parseObjects(text)
  if (!object) throw new Error('no object')
  return object
}

/** The form of a new object, as a page. */
const formOf = (
  { namespaced }: ResourceType<unknown>,
  schema: FieldSchema,
  text: string,
  problems: ReadonlyMap<string, string> = new Map(),
): Promise<string> => {
  const app = createSSRApp(() => h(SchemaForm, { modelValue: text, schema, problems, namespaced, exists: false }))
  return renderToString(app.use(createPinia()))
}
/** What it shows as wrong. */
const toldIn = (html: string) => [...html.matchAll(/role="alert"[^>]*>([^<]*)</g)].map(([, words = '']) => words)

it('a form says that a name is needed', async () => {
  const schema = await servedSchema(ConfigMap)
  const html = await formOf(ConfigMap, schema, startingText(ConfigMap, schema, 'default'))
  expect(html).toMatch(/>name<\/label><span[^>]*aria-label="required"/)
  expect(html).not.toMatch(/>namespace<\/label><span[^>]*aria-label="required"/)
})

it('a form asks for a namespace where objects of its kind are in one', async () => {
  const asks = async (type: ResourceType<unknown>) => {
    const schema = await servedSchema(type)
    return (await formOf(type, schema, startingText(type, schema, 'default'))).includes('name="metadata.namespace"')
  }
  expect([await asks(ConfigMap), await asks(Namespace)]).toEqual([true, false])
})

it('the table holds every kind that the Create menu offers', () => {
  const served = builtinResources.map(({ type }) => ({ type, verbs: ['create'] }) as unknown as ServedKind)
  const offered = offeredKinds(served, undefined).map(({ type }) => type.kind)
  expect(offered.filter(kind => !FORM_KINDS.some(({ type }) => type.kind === kind))).toEqual([])
})

it('what the cluster makes by itself is not asked for, also where a list of it is shown', () => {
  const served = builtinResources.map(({ type }) => ({ type, verbs: ['create'] }) as unknown as ServedKind)
  const shown = (kind: string) => {
    const current = served.find(({ type }) => type.kind === kind)
    return offeredKinds(served, current).some(each => each === current)
  }
  for (const kind of ['Event', 'EndpointSlice', 'Lease', 'ControllerRevision']) expect(shown(kind), kind).toBe(false)
  for (const kind of ['StorageClass', 'PriorityClass']) expect(shown(kind), kind).toBe(true)
})

describe.each(FORM_KINDS.map(each => [each.type.kind, each] as const))('%s', (kind, each) => {
  const { type, mine, theirs, rival, bad } = each
  const name = kind.toLowerCase()

  it('starts as something that needs little more than a name', async () => {
    const made = await client.create(type, only(filled(each, await servedSchema(type), name)))
    expect(made.metadata.name).toBe(name)
  })

  it('tells at the field what the server does not take', async () => {
    const schema = await servedSchema(type)
    const text = setAt(filled(each, schema, `${name}-bad`), ...bad)
    const error: unknown = await client.create(type, only(text)).then(
      () => expect.unreachable('the server took it'),
      (refused: unknown) => refused,
    )
    const { fields, general } = refusalOf(error)
    const path: Path = each.at ?? bad[0]
    expect([...fields.keys()]).toContain(pathText(path))
    expect(general).not.toEqual([])
    const html = await formOf(type, schema, text, new Map([[pathText(path), 'this one']]))
    expect(toldIn(html)).toEqual(['this one'])
  })

  it.each([
    ['form', (text: string) => setAt(text, ...mine)],
    ['hand', (text: string) => `# why: asked for\n${setAt(text, ...mine)}\n`],
  ])('changed by %s takes over what others changed, and keeps both', async (way, edit) => {
    const schema = await servedSchema(type)
    const own = `${name}-${way}`
    const was = toYaml(await client.create(type, only(filled(each, schema, own))))
    const text = edit(was)
    const other = toYaml(await client.update(type, only(setAt(was, ...theirs))))
    const merged = mergeText(was, text, other, schema)
    expect(merged?.conflicts).toEqual([])
    if (way === 'hand') expect(merged?.text).toMatch(/^# why: asked for\n/)
    const stored = await client.update(type, only(merged?.text ?? ''))
    expect(valueAt(stored, mine[0])).toMatchObject(mine[1] as object)
    expect(valueAt(stored, theirs[0])).toMatchObject(theirs[1] as object)
  })

  it('asks only for the field that both set, and takes theirs where that is chosen', async () => {
    const schema = await servedSchema(type)
    const was = toYaml(await client.create(type, only(filled(each, schema, `${name}-both`))))
    const text = setAt(was, ...mine)
    const other = toYaml(await client.update(type, only(setAt(was, mine[0], rival))))
    const merged = mergeText(was, text, other, schema)
    const [conflict, ...more] = merged?.conflicts ?? []
    if (!merged || !conflict) throw new Error('nobody is asked')
    expect(more).toEqual([])
    // The field itself, or the list around it where that is one value.
    expect(pathText(mine[0])).toContain(conflictTitle(conflict))
    const chosen = resolveConflict(merged.text, conflict)
    const stored = await client.update(type, only(chosen))
    expect(toYaml(stored)).toBe(other)
    expect(readForm(chosen)).toEqual(readForm(other))
  })
})
