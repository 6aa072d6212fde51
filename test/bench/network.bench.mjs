// The pod network against Docker's bridge and no network at all, rule changes among many Services, and the DNS server.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from './lib.mjs'

// Inside of the checkout: the lab finds its bundler in node_modules.
mkdirSync(join(root, '.cache'), { recursive: true })
const folder = mkdtempSync(join(root, '.cache', 'network-bench-'))
const parts = ['network-paths', 'network-rules', 'network-dns']
for (const name of parts)
  await build({
    entryPoints: [join(root, `test/bench/${name}.ts`)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: join(folder, `${name}.mjs`),
    external: ['esbuild'],
    // The lab finds its agent beside itself.
    define:
      name === 'network-paths'
        ? { 'import.meta.url': JSON.stringify(pathToFileURL(join(root, 'test/network/lab/lab.ts'))) }
        : {},
    banner: { js: "import{createRequire as c}from'node:module';const require=c(import.meta.url);" },
  })
for (const name of parts) {
  // Rules are written into a network of their own, so that nothing of this machine's changes.
  const alone = name === 'network-rules' ? ['unshare', '-n', process.execPath] : [process.execPath]
  const [command, ...args] = [...alone, join(folder, `${name}.mjs`)]
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) process.exitCode = status ?? 1
}
rmSync(folder, { recursive: true })
