// Random histories of a cluster, judged by rules written down a second time: no node is over-committed, no hard rule
// broken, no fitting node overlooked.
import { spawnSync } from 'node:child_process'
import { root } from '../bench/lib.mjs'

const FLOTILLA_HISTORIES = process.env['COUNT'] ?? '10000'
const FLOTILLA_HISTORY_SEED = process.env['SEED'] ?? String(Date.now() % 2 ** 31)
console.log(`${FLOTILLA_HISTORIES} histories from seed ${FLOTILLA_HISTORY_SEED}`)
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'control', 'test/control/scheduler/model.test.ts'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, FLOTILLA_HISTORIES, FLOTILLA_HISTORY_SEED },
})
process.exit(status ?? 1)
