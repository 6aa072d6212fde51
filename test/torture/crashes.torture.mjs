// kill -9 and power cuts under 64 writers of the embedded engine, at any moment and at its named points; the power is that
// of an ext4 on a loop device, shut down without flushing its journal.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { assert, bundle, scratch } from './lib.mjs'

const KILLS = Number(process.env['KILLS'] ?? 500)
const CUTS = Number(process.env['CUTS'] ?? 200)
const SEED = process.env['SEED'] ?? '2'
const folder = scratch()
const writer = await bundle('test/store/crash-writer.ts', folder)
const program = await bundle('test/torture/store/crashes.ts', folder)
for (const [kind, rounds] of [
  ['kill', KILLS],
  ['power', CUTS],
]) {
  const own = join(folder, kind)
  mkdirSync(own)
  const { status } = spawnSync(process.execPath, [program, kind, own, writer, String(rounds), SEED], {
    stdio: 'inherit',
  })
  assert(status === 0, `${kind}: a fault was found, or the machine cannot do it`)
}
