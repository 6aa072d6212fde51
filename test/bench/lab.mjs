// The lab of real Linux hosts, for programs that are not run by the test runner.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from './lib.mjs'

/** The lab is TypeScript; it finds its cache relative to itself, three folders deep. */
export async function loadLab() {
  const outfile = join(root, '.cache/bench/lab/lab.mjs')
  await build({
    entryPoints: [join(root, 'test/hosts/lab/lab.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // The oldest that this project runs on knows no `using`.
    target: 'node20',
    logLevel: 'error',
  })
  return import(pathToFileURL(outfile).href)
}
