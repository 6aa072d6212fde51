// @vitest-environment node
// Edits of one object by several people, against a real server: what the watch tells comes when it likes.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type EffectScope, effectScope, nextTick, shallowRef } from 'vue'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../../src/shared/machinery/resource-type.ts'
import { toYaml } from '@/api/yaml-text.ts'
import { useEdit } from '@/drawer/use-edit.ts'
import { readForm, setAt, valueAt } from '@/forms/form-text.ts'
import { resolveConflict } from '@/forms/three-way.ts'
import { servedSchema } from '../support/schemas.ts'
import { type TestServer, startTestApiServer } from '../support/server.ts'

const type = Deployment as unknown as ResourceType<AnyObject>
const REPLICAS = ['spec', 'replicas']

let server: TestServer
let client: Client
let schema: Awaited<ReturnType<typeof servedSchema>>
beforeAll(async () => {
  server = await startTestApiServer()
  client = server.clientAs()
  schema = await servedSchema(type)
})
afterAll(() => server[Symbol.asyncDispose]())

let count = 0
let scope: EffectScope | undefined
beforeEach(() => scope?.stop())

/** A Deployment and its editor; the watch tells of changes when the test lets it. */
async function editor() {
  const name = `web-${++count}`
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'web:1' }] } }
  const made = await client.create(type, {
    metadata: { name, namespace: 'default' },
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
  } as unknown as AnyObject)
  const told = shallowRef(made)
  scope = effectScope()
  const edit = scope.run(() => useEdit(client, () => type, () => told.value, shallowRef(schema))) // prettier-ignore
  if (!edit) throw new Error('no editor')
  const read = () => client.get(type, made.metadata)
  return {
    edit,
    read,
    /** What the text says. */
    replicas: () => valueAt(readForm(edit.text.value), REPLICAS),
    type: (replicas: number) => (edit.text.value = setAt(edit.text.value, REPLICAS, replicas)),
    /** Somebody else changes it. */
    change: (patch: object) => client.patch(type, made.metadata, patch, { type: 'merge' }),
    tell: async (object: AnyObject) => {
      told.value = object
      await nextTick()
    },
  }
}
const scaledTo = (replicas: number) => ({ spec: { replicas } })
const relabel = { metadata: { labels: { team: 'shop' } } }

describe('an edit', () => {
  it('follows what is told as long as nothing was changed', async () => {
    const { edit, change, tell } = await editor()
    await tell(await change(relabel))
    expect(edit.isChanged.value).toBe(false)
    expect(edit.text.value).toContain('team: shop')
  })

  it('is merged with what others changed, however late the watch tells of it', async () => {
    const { edit, type, change, read } = await editor()
    type(3)
    await change(relabel)
    expect(await edit.send(false)).toBeDefined()
    expect(await read()).toMatchObject({ metadata: { labels: { team: 'shop' } }, spec: { replicas: 3 } })
    expect(edit.notice.value).toBe('')
  })

  it('asks where another one changed the same, however late the watch tells of it', async () => {
    const { edit, type, change, read, replicas } = await editor()
    type(5)
    await change(scaledTo(7))
    expect(await edit.send(true)).toBeUndefined()
    expect(edit.conflicts.value).toEqual([{ path: REPLICAS, mine: 5, theirs: 7 }])
    expect(await edit.send(false), 'not before the user chose').toBeUndefined()
    const [conflict] = edit.conflicts.value
    if (!conflict) throw new Error('no conflict')
    edit.text.value = resolveConflict(edit.text.value, conflict)
    expect(replicas()).toBe(7)
    expect(await read()).toMatchObject(scaledTo(7))
  })

  it('goes on from what was applied, though the watch still tells of what was before', async () => {
    const { edit, type, change, tell, replicas } = await editor()
    const before = await change(relabel)
    type(3)
    const applied = await edit.send(false)
    if (!applied) throw new Error('it was not applied')
    await tell(before)
    expect(replicas(), 'not back to what was').toBe(3)
    type(5)
    expect(edit.live.value).toBe(toYaml(applied))
    expect(await edit.send(false)).toMatchObject(scaledTo(5))
    expect(edit.conflicts.value).toEqual([])
  })

  it('takes what comes after what was applied', async () => {
    const { edit, type, change, tell, replicas } = await editor()
    type(3)
    await edit.send(false)
    await tell(await change(scaledTo(7)))
    expect(replicas()).toBe(7)
  })

  it('keeps what is typed while it is sent', async () => {
    const { edit, type, replicas, read } = await editor()
    type(3)
    const sent = edit.send(false)
    type(4)
    await sent
    expect(await read()).toMatchObject(scaledTo(3))
    expect(replicas()).toBe(4)
    expect(edit.isChanged.value).toBe(true)
    expect(await edit.send(false)).toMatchObject(scaledTo(4))
  })

  it('is no edit of another object of the same name', async () => {
    const { edit, type: enter, read } = await editor()
    enter(3)
    const first = await read()
    await client.delete(type, first.metadata)
    const { uid: _uid, resourceVersion: _version, ...metadata } = first.metadata
    await client.create(type, { ...first, metadata } as AnyObject)
    expect(await edit.send(false)).toBeUndefined()
    expect(edit.notice.value).not.toBe('')
    expect(await read()).toMatchObject(scaledTo(1))
  })
})
