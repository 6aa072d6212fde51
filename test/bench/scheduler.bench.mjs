// How many scheduling cycles a second the scheduler makes, without writing anything.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from './lib.mjs'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-bench-'))
const outfile = join(folder, 'cycle.mjs')
await build({
  entryPoints: [join(root, 'test/bench/scheduler-cycle.ts')],
  bundle: true,
  platform: 'node',
  format: 'esm',
  outfile,
})
const { status } = spawnSync(process.execPath, [outfile], { stdio: 'inherit' })
rmSync(folder, { recursive: true })
process.exitCode = status ?? 1
