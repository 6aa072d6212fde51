// Requests made up from the served OpenAPI documents, many of them and others each time: no 5xx, no crash. The seed is
// told, so that a failure can be had again.
import { spawnSync } from 'node:child_process'
import { root } from '../bench/lib.mjs'

const FLOTILLA_FUZZ_SEED = process.env['SEED'] ?? String(Date.now() % 2 ** 31)
const FLOTILLA_FUZZ_REQUESTS = process.env['COUNT'] ?? '40000'
console.log(`seed ${FLOTILLA_FUZZ_SEED}, ${FLOTILLA_FUZZ_REQUESTS} requests`)
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'api', 'test/api/fuzz'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, FLOTILLA_FUZZ_SEED, FLOTILLA_FUZZ_REQUESTS },
})
process.exit(status ?? 1)
