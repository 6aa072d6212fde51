#!/usr/bin/env node
// `npm start`: installs what is missing, builds, and opens the desktop app; without a display or an Electron runtime
// it says so and serves the same cluster headless. Arguments after `--` go to `flotilla serve`.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { displayProblem, findElectron } from './lib/electron.mjs'
import { SERVER_NODE_ARGS, serverNode } from './lib/server-node.mjs'
import { ensureBuilt, ensureDependencies, onEnd, requireNode, root, say } from './lib/setup.mjs'

requireNode()
ensureDependencies()
ensureBuilt()

const args = process.argv.slice(2)

function choose() {
  if (args.includes('--headless')) return { reason: '--headless was given' }
  const problem = displayProblem()
  if (problem !== undefined) return { reason: problem }
  const electron = findElectron()
  return electron.executable ? electron : { reason: `Electron cannot start: ${electron.reason}` }
}

const choice = choose()
let command
let commandArgs = [join(root, 'out/main/cli.js'), 'serve', ...args.filter(arg => arg !== '--headless')]
if (choice.executable) {
  command = choice.executable
  commandArgs = [root, ...args]
  if (process.platform === 'linux' && process.getuid?.() === 0) {
    say("running as root: Chromium's sandbox cannot be used; start as an ordinary user to have it")
    commandArgs.unshift('--no-sandbox')
  }
} else {
  command = serverNode()
  commandArgs.unshift(...SERVER_NODE_ARGS)
  say(`no window: ${choice.reason}. Serving the cluster headless; open the printed URL in a browser.`)
}

const child = spawn(command, commandArgs, { cwd: process.cwd(), stdio: 'inherit' })
onEnd(signal => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
child.on('error', error => {
  console.error(`flotilla: cannot start ${command}: ${error.message}`)
  process.exit(1)
})
