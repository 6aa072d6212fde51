// A million overwrites of one key: memory and disk stay flat.
import { spawnSync } from 'node:child_process'
import { bundle, scratch } from './lib.mjs'

const folder = scratch()
const program = await bundle('test/torture/store/overwrites.ts', folder)
const { status } = spawnSync(process.execPath, ['--expose-gc', program, folder, process.env['COUNT'] ?? '1000000'], {
  stdio: 'inherit',
})
process.exit(status ?? 1)
