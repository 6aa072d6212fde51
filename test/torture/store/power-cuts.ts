// Power cuts at every named point of the engine, seed after seed: `node power-cuts.mjs <folder> <first seed> <seeds>`.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openNedbEngine } from '../../../src/main/store/nedb/engine.ts'
import { STORE_POINTS } from '../../../src/main/store/nedb/points.ts'
import { powerCuts } from '../../store/proof/power-cuts.ts'

const [folder = '', first = '1', seeds = '1'] = process.argv.slice(2)
let cuts = 0
let states = 0
let told = 0
for (let seed = Number(first); seed < Number(first) + Number(seeds); seed++) {
  const own = join(folder, String(seed))
  await mkdir(own)
  const outcome = await powerCuts({ open: openNedbEngine, folder: own, seed, rounds: 1 })
  if (outcome.faults.length > 0) {
    console.error(outcome.faults.join('\n'))
    process.exit(1)
  }
  await rm(own, { recursive: true })
  cuts += STORE_POINTS.length
  states += outcome.states
  told += outcome.told
}
console.log(
  `seeds ${first} to ${Number(first) + Number(seeds) - 1}: ${cuts} power cuts at ${STORE_POINTS.length} points, ` +
    `${states} states that they may have left, ${told} writes told of, none lost, no revision went back`,
)
