// What older versions have stored otherwise: fractions of built-in kinds are doubles for all who read them, whole numbers
// keep every digit, amounts of resources are whole thousandths; of custom resources all stays as it is.
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

test('amounts that are stored in smaller parts are read as whole thousandths: what nobody changes does not change', async () => {
  await using folder = await tempFolder()
  const engine = await openNedbEngine({ dataDir: folder.path })
  const container = (cpu: string) => ({ name: 'a', image: 'a', resources: { limits: { cpu, memory: '1Gi' } } })
  const key = '/registry/core/pods/default/a'
  const pod = (cpu: string) => ({ kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a', labels: { cpu: '1u' } }, spec: { containers: [container(cpu)] } }) // prettier-ignore
  const thing = '/registry/x.io/things/default/a'
  const custom = { kind: 'Thing', apiVersion: 'x.io/v1', metadata: { name: 'a' }, spec: { containers: [container('1u')] } } // prettier-ignore
  await engine.commit([{ key, value: JSON.stringify(pod('62500u')) }])
  await engine.commit([{ key: thing, value: JSON.stringify(custom) }])
  await using store = await openObjectStore(engine, { narrowNumbers: withCalculableNumbers })
  const stored = store.get(key)!
  expect(stored.object).toMatchObject(pod('63m'))
  expect(JSON.parse(store.json(stored).toString())).toMatchObject(pod('63m'))
  expect(store.get(thing)!.object).toMatchObject(custom)
})
