#!/usr/bin/env node
// `npm run bench [-- name…]`: runs the benchmarks of test/bench one after the other and prints figures and ratios of
// this one run. Machines are shared and noisy: compare within a run.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt, ensureDependencies, requireNode, root } from './lib/setup.mjs'
import { ensureDocker, ensureSystem } from './lib/system.mjs'

requireNode()
ensureDependencies()
ensureBuilt()
ensureSystem()
process.on('exit', await ensureDocker())
const folder = join(root, 'test/bench')
const all = readdirSync(folder).filter(name => name.endsWith('.bench.mjs'))
const names = process.argv.slice(2)
let failed = false
for (const file of all.filter(name => names.length === 0 || names.some(wanted => name.startsWith(wanted)))) {
  console.log(`\n## ${file.replace('.bench.mjs', '')}`)
  failed ||= spawnSync(process.execPath, [join(folder, file)], { stdio: 'inherit' }).status !== 0
}
process.exit(failed ? 1 : 0)
