// Axe over the list and the drawer of every kind that has an object; `npm test` looks at those that are drawn in a way of
// their own.
import { spawnSync } from 'node:child_process'
import { root } from '../bench/lib.mjs'

const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'e2e', 'test/e2e/window/axe.test.ts'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, FLOTILLA_EVERY_KIND: '1' },
})
process.exit(status ?? 1)
