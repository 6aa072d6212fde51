#!/usr/bin/env node
// `npm run torture [-- name…]`: runs the checks of test/torture one after the other. They cut the power, kill the
// server, fill the disk; each cleans up after itself, and says so when the machine cannot do what it needs.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt, ensureDependencies, requireNode, root } from './lib/setup.mjs'
import { ensureSystem } from './lib/system.mjs'

const SUFFIX = '.torture.mjs'
/** Longest that one check may take. */
const TIMEOUT_MS = 30 * 60_000
const SKIPPED = 77

requireNode()
ensureDependencies()
ensureBuilt()
ensureSystem()
const folder = join(root, 'test/torture')
const all = readdirSync(folder).filter(name => name.endsWith(SUFFIX))
const wanted = process.argv.slice(2)
const chosen = all.filter(name => wanted.length === 0 || wanted.some(text => name.startsWith(text)))
if (chosen.length === 0) {
  console.error(`no check of that name; there are: ${all.map(name => name.replace(SUFFIX, '')).join(', ')}`)
  process.exit(2)
}
const outcome = []
for (const file of chosen) {
  const name = file.replace(SUFFIX, '')
  console.log(`\n## ${name}`)
  const started = performance.now()
  const { status, signal } = spawnSync(process.execPath, [join(folder, file)], {
    stdio: 'inherit',
    timeout: TIMEOUT_MS,
  })
  const verdict = status === 0 ? 'passed' : status === SKIPPED ? 'SKIPPED' : `FAILED (${signal ?? status})`
  outcome.push([name, verdict])
  console.log(`${verdict} in ${((performance.now() - started) / 1000).toFixed(0)} s`)
}
console.log(`\n${outcome.map(([name, verdict]) => `${name}: ${verdict}`).join('\n')}`)
process.exit(outcome.some(([, verdict]) => verdict.startsWith('FAILED')) ? 1 : 0)
