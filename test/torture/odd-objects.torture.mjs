// A hundred thousand made-up objects with line separators, dollars, dots and prototypes' names in keys and values, and
// some as large as an object may be, come back as they were written.
import { spawnSync } from 'node:child_process'
import { bundle, scratch } from './lib.mjs'

const folder = scratch()
const program = await bundle('test/torture/store/odd-objects.ts', folder)
const args = [program, folder, process.env['COUNT'] ?? '100000', process.env['SEED'] ?? '1']
process.exit(spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1)
