// Bundles the agent into one file that runs on Node alone: out/agent/agent.cjs.
import { mkdirSync, readFileSync } from 'node:fs'
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
const text = readFileSync(outfile, 'utf8')
// V8 keeps a text with one such character in two bytes each: megabytes of every node's memory.
const wide = /[^\0-\xff]/.exec(text)
if (wide) {
  console.error(
    `agent.cjs has a character beyond Latin-1: …${text.slice(Math.max(0, wide.index - 40), wide.index + 20)}…`,
  )
  process.exit(1)
}
console.log(`out/agent/agent.cjs  ${(text.length / 1024 / 1024).toFixed(1)} MB`)
