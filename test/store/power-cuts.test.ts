// The power is cut at every named point of the engine, and everything that the cut may have left is looked at. `npm run
// torture -- failpoints` does it with other seeds.
import { expect, test } from 'vitest'
import { openNedbEngine } from '../../src/main/store/nedb/engine.ts'
import { STORE_POINTS } from '../../src/main/store/nedb/points.ts'
import { AFTERMATHS } from './proof/durable-disk.ts'
import { powerCuts } from './proof/power-cuts.ts'
import { tempFolder } from './temp-folder.ts'

test('a power cut at any point loses nothing that anybody was told', async () => {
  await using folder = await tempFolder()
  const outcome = await powerCuts({ open: openNedbEngine, folder: folder.path, seed: 1, rounds: 1 })
  expect(outcome.faults).toEqual([])
  expect([...outcome.cutAt].sort()).toEqual([...STORE_POINTS].sort())
  expect(outcome.states).toBe(AFTERMATHS.length * STORE_POINTS.length)
}, 240_000)
