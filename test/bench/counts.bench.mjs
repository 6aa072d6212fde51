// Calls of functions and bytes that a plain pod and a preemption cost, whatever the load: `NODES=200 PODS=1000 WARMING=2`.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { SERVER_NODE_ARGS, serverNode } from '../../scripts/lib/server-node.mjs'
import { root } from './lib.mjs'

// Beside the program, as it finds its parts from there.
const outfile = join(root, 'out/main/bench-counts.mjs')
await build({
  entryPoints: [join(root, 'test/bench/counts.ts')],
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'error',
  outfile,
})
const { status } = spawnSync(serverNode(), [...SERVER_NODE_ARGS, outfile], { stdio: 'inherit' })
rmSync(outfile)
process.exitCode = status ?? 1
