// Fractions that are stored as long whole numbers: of built-in kinds they are doubles for all who read them, whole numbers
// keep every digit, and so does all of custom resources.
import { expect, test } from 'vitest'
import { withCalculableNumbers } from '../../../src/main/apiserver/schema/calculable.ts'
import { openNedbEngine } from '../../../src/main/store/nedb/engine.ts'
import { openObjectStore } from '../../../src/main/store/object-store.ts'
import { parseJson } from '../../../src/shared/machinery/json-text.ts'
import { tempFolder } from '../../store/temp-folder.ts'

const LONG = '1152921504606846976'
const definition = (bound: string) =>
  `{"kind":"CustomResourceDefinition","apiVersion":"apiextensions.k8s.io/v1","metadata":{"name":"a","annotations":{"n":"${LONG}"}},` +
  `"spec":{"versions":[{"name":"v1","schema":{"openAPIV3Schema":{"maximum":${bound},"maxLength":${bound}}}}]}}`

test('a bound of a schema that is stored is a double where it may have a fraction, and keeps every digit where not', async () => {
  await using folder = await tempFolder()
  const engine = await openNedbEngine({ dataDir: folder.path })
  const before = '/registry/apiextensions.k8s.io/customresourcedefinitions/before'
  await engine.commit([{ key: before, value: definition(LONG) }])
  await engine.commit([{ key: '/registry/x.io/things/a', value: `{"kind":"Thing","apiVersion":"x.io/v1","metadata":{"name":"a"},"spec":{"at":${LONG}}}` }]) // prettier-ignore
  await using store = await openObjectStore(engine, { narrowNumbers: withCalculableNumbers })
  const later = '/registry/apiextensions.k8s.io/customresourcedefinitions/later'
  await engine.commit([{ key: later, value: definition(`-${LONG}`) }])
  for (const [key, exact] of [
    [before, BigInt(LONG)],
    [later, -BigInt(LONG)],
  ] as const) {
    const stored = store.get(key)!
    const openAPIV3Schema = { maximum: Number(exact), maxLength: exact }
    const spec = { versions: [{ name: 'v1', schema: { openAPIV3Schema } }] }
    expect(stored.object).toMatchObject({ metadata: { annotations: { n: LONG } }, spec })
    expect(parseJson(store.json(stored).toString())).toMatchObject({ kind: 'CustomResourceDefinition' })
  }
  const thing = store.get('/registry/x.io/things/a')!
  expect(thing.object).toMatchObject({ spec: { at: BigInt(LONG) } })
  expect(store.json(thing).toString()).toContain(`"at":${LONG}`)
})
