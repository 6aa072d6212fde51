// The embedded engine passes the contract: with ordinary segments, and with segments so small that every write rolls.
import { openNedbEngine } from '../../src/main/store/nedb/engine.ts'
import { storeSuite } from '../suites/store.ts'
import { tempFolder } from './temp-folder.ts'

for (const [name, segmentBytes] of [
  ['nedb', undefined],
  ['nedb with tiny segments', 2_000],
] as const)
  storeSuite(name, async () => {
    const folder = await tempFolder()
    return {
      open: () =>
        openNedbEngine({
          dataDir: folder.path,
          reserveBytes: 65_536,
          garbageBytes: 0,
          ...(segmentBytes ? { segmentBytes } : {}),
        }),
      dispose: async () => folder[Symbol.asyncDispose](),
    }
  })
