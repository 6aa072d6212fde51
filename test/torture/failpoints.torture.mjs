// Power cuts at every named point of the engine, in a model of the disk that knows everything a cut may leave.
import { spawnSync } from 'node:child_process'
import { assert, bundle, scratch } from './lib.mjs'

const SEEDS = Number(process.env['SEEDS'] ?? 20)
const FIRST = Number(process.env['SEED'] ?? 1)
const folder = scratch()
const program = await bundle('test/torture/store/power-cuts.ts', folder)
const { status } = spawnSync(process.execPath, [program, folder, String(FIRST), String(SEEDS)], { stdio: 'inherit' })
assert(status === 0, 'the power cuts found a fault')
