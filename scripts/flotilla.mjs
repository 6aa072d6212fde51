#!/usr/bin/env node
// The `flotilla` command in a checkout: builds what is missing, then hands over to the built command line.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt, ensureDependencies, requireNode, root } from './lib/setup.mjs'

requireNode()
const built = join(root, 'out/main/cli.js')
if (!existsSync(built)) {
  ensureDependencies()
  ensureBuilt()
}
await import(pathToFileURL(built).href)
