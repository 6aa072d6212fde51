// A program of the source tree in one file, for processes of its own.
import { build, type Plugin } from 'esbuild'

export async function bundleProgram(source: string, outfile: string, plugins: Plugin[] = []): Promise<void> {
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // Some of nedb is CommonJS that calls require().
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    plugins,
  })
}
