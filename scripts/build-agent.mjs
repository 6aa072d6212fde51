// Bundles the agent into one file that runs on Node alone: out/agent/agent.cjs.
import { mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const outfile = join(root, 'out', 'agent', 'agent.cjs')

mkdirSync(dirname(outfile), { recursive: true })
await build({
  entryPoints: [join(root, 'src', 'agent', 'main.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: true,
  legalComments: 'none',
  // Optional native parts of dependencies: never needed, and not on users' hosts.
  external: ['cpu-features', '*.node', 'bufferutil', 'utf-8-validate'],
  logLevel: 'warning',
})
console.log(`out/agent/agent.cjs  ${(statSync(outfile).size / 1024 / 1024).toFixed(1)} MB`)
