// What 64 clients wrote, listed and watched fits one order, on both engines. A failing seed is in the name of the test.
import { afterEach, expect, test } from 'vitest'
import { openNedbEngine } from '../../src/main/store/nedb/engine.ts'
import { openEtcdEngine } from '../../src/main/store/etcd/engine.ts'
import { openObjectStore } from '../../src/main/store/object-store.ts'
import { EtcdServer } from './etcd-server.ts'
import { checkHistory } from './proof/history-check.ts'
import { tempFolder } from './temp-folder.ts'

const ends: AsyncDisposable[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end[Symbol.asyncDispose]()
})
const use = <T extends AsyncDisposable>(resource: T): T => (ends.push(resource), resource)
test.each([1, 2, 3])('nedb: what 64 clients saw fits one order (seed %i)', async seed => {
  const folder = use(await tempFolder())
  const engine = await openNedbEngine({ dataDir: folder.path, segmentBytes: 40_000, garbageBytes: 20_000 })
  const store = use(await openObjectStore(engine, { compactEveryMs: 0 }))
  const { resumed } = await checkHistory({ stores: [store], seed })
  expect(resumed).toBeGreaterThan(10)
})

test.each([1, 2])('etcd: what 64 clients on two control planes saw fits one order (seed %i)', async seed => {
  const server = use(await EtcdServer.start())
  const open = async () =>
    use(await openObjectStore(await openEtcdEngine({ endpoints: [server.url] }), { compactEveryMs: 0 }))
  const { resumed } = await checkHistory({ stores: [await open(), await open()], seed })
  expect(resumed).toBeGreaterThan(10)
})
