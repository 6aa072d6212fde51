// Run as a process of its own and killed: writes pairs of keys and says which are acknowledged.
import { writeSync } from 'node:fs'
import { openNedbEngine } from '../../src/main/store/nedb/engine.ts'

const [dataDir = '', round = ''] = process.argv.slice(2)
const engine = await openNedbEngine({ dataDir, segmentBytes: 100_000, garbageBytes: 50_000 })

async function write(worker: number): Promise<void> {
  for (let i = 0; ; i++) {
    const key = `/${round}/${worker}/${i}`
    const value = 'v'.repeat(500 + (i % 700))
    const revision = await engine.commit([
      { key: `${key}/left`, value, expect: 0 },
      { key: `${key}/right`, value, expect: 0 },
    ])
    writeSync(1, `${key} ${revision} .\n`)
    if (worker === 0 && i % 50 === 49) await engine.compact(engine.revision)
  }
}

await Promise.all(Array.from({ length: 16 }, (_, worker) => write(worker)))
