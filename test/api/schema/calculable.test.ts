// What older versions have stored beyond 2⁵³: most of built-in kinds is calculated with and ends there; custom resources
// keep every digit, and so do fields that are made numbers of before anybody calculates with them.
import { expect, test } from 'vitest'
import { withCalculableNumbers } from '../../../src/main/apiserver/schema/calculable.ts'
import { openNedbEngine } from '../../../src/main/store/nedb/engine.ts'
import { openObjectStore } from '../../../src/main/store/object-store.ts'
import { parseJson } from '../../../src/shared/machinery/json-text.ts'
import { tempFolder } from '../../store/temp-folder.ts'

const MOST = Number.MAX_SAFE_INTEGER
const LONG = '1152921504606846976'
const job = (seconds: string) =>
  `{"kind":"Job","apiVersion":"batch/v1","metadata":{"name":"a","annotations":{"n":"${LONG}"}},"spec":{"activeDeadlineSeconds":${seconds},` +
  `"template":{"spec":{"containers":[{"name":"c","livenessProbe":{"terminationGracePeriodSeconds":${seconds}}}]}}}}`

test('whole numbers of built-in kinds that an older version has stored are numbers for all who calculate with them', async () => {
  await using folder = await tempFolder()
  const engine = await openNedbEngine({ dataDir: folder.path })
  const before = '/registry/batch/jobs/default/before'
  await engine.commit([{ key: before, value: job(LONG) }])
  await engine.commit([{ key: '/registry/x.io/things/a', value: `{"kind":"Thing","apiVersion":"x.io/v1","metadata":{"name":"a"},"spec":{"at":${LONG}}}` }]) // prettier-ignore
  await using store = await openObjectStore(engine, { narrowNumbers: withCalculableNumbers })
  // As another control plane writes that is older.
  const later = '/registry/batch/jobs/default/later'
  await engine.commit([{ key: later, value: job(`-${LONG}`) }])
  for (const [key, most, exact] of [
    [before, MOST, BigInt(LONG)],
    [later, -MOST, -BigInt(LONG)],
  ] as const) {
    const stored = store.get(key)!
    const spec = {
      activeDeadlineSeconds: exact,
      template: { spec: { containers: [{ name: 'c', livenessProbe: { terminationGracePeriodSeconds: most } }] } },
    }
    expect(stored.object).toMatchObject({ metadata: { annotations: { n: LONG } }, spec })
    expect(parseJson(store.json(stored).toString())).toEqual(stored.object)
  }
  const thing = store.get('/registry/x.io/things/a')!
  expect(thing.object).toMatchObject({ spec: { at: BigInt(LONG) } })
  expect(store.json(thing).toString()).toContain(`"at":${LONG}`)
})
