// One bit flipped at every byte of a sealed segment and of the files that say what counts: opening must refuse, never
// read something else.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OpenNedb } from './power-cuts.ts'

const OPTIONS = { reserveBytes: 0 }

/** @returns what was not refused, in sentences, and how many bits were flipped */
export async function flippedBits(
  open: OpenNedb,
  folder: string,
): Promise<{ readonly faults: readonly string[]; readonly flips: number }> {
  const dataDir = join(folder, 'data')
  for (const value of ['{"n":1}', '{"n":2}']) {
    const engine = await open({ ...OPTIONS, dataDir })
    await engine.commit([{ key: '/registry/core/configmaps/a/x', value }])
    await engine[Symbol.asyncDispose]()
  }
  const copy = join(folder, 'copy')
  const faults: string[] = []
  let flips = 0
  // The segment that was written last is not sealed: there a flip is a torn end, which is cut off.
  for (const name of ['store/000001.log', 'store/manifest.json', 'revision.json', 'format.json']) {
    const original = readFileSync(join(dataDir, name))
    for (let at = 0; at < original.length; at++) {
      rmSync(copy, { recursive: true, force: true })
      cpSync(dataDir, copy, { recursive: true })
      const bytes = Buffer.from(original)
      bytes[at]! ^= 1 << (at % 8)
      writeFileSync(join(copy, name), bytes)
      flips++
      const outcome = await open({ ...OPTIONS, dataDir: copy }).then(
        async engine => {
          await engine[Symbol.asyncDispose]()
          return 'opened'
        },
        (error: { code?: string }) => error.code,
      )
      const refusals = name === 'format.json' ? ['Corrupt', 'NewerFormat'] : ['Corrupt']
      if (!refusals.includes(outcome ?? '')) faults.push(`${name}, byte ${at}: ${outcome}`)
    }
  }
  return { faults, flips }
}
