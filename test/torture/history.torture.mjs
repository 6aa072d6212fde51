// What 64 clients see of an etcd whose members are killed, frozen and cut off from each other fits one order.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { assert, bundle, scratch, skip } from './lib.mjs'

const FIRST = Number(process.env['SEED'] ?? 1)
const SEEDS = Number(process.env['SEEDS'] ?? 5)
if (!existsSync('/usr/bin/etcd')) skip('there is no etcd on this machine')
if (process.getuid?.() !== 0) skip('networks for the members need root')
const program = await bundle('test/torture/store/history.ts', scratch())
for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
  const { status } = spawnSync(process.execPath, [program, String(seed)], { stdio: 'inherit' })
  assert(status === 0, `seed ${seed}: what was seen does not fit one order`)
}
