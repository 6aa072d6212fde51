// Flotilla's servers as programs of a file each, for suites that start them as they start upstream's.
import { join } from 'node:path'
import { build } from 'esbuild'

/** @returns {Promise<string>} the folder that has `flotilla.mjs` and `scheduler.mjs` */
export async function bundleServers(cache) {
  const folder = join(cache, 'integration')
  await build({
    entryPoints: ['flotilla', 'scheduler'].map(name => join(import.meta.dirname, `${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    ...{ bundle: true, platform: 'node', target: 'node20', format: 'esm', packages: 'external', logLevel: 'warning' },
  })
  return folder
}
