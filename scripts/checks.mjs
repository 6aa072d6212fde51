#!/usr/bin/env node
// `npm run check`: types, lint, format, import directions and unused code, two at a time. What one prints comes as a
// whole when it has ended. Whoever forked this is told the names of those that failed.
import { spawn } from 'node:child_process'
import { root } from './lib/setup.mjs'

/** Name → script of package.json; those that take longest first. */
const CHECKS = {
  format: 'format:check',
  types: 'typecheck:node',
  lint: 'lint',
  "the window's types": 'typecheck:web',
  'import directions': 'check:deps',
  'unused code': 'check:unused',
}
const AT_ONCE = 2

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
const failed = []
const running = new Set()

/** @returns the exit code and what was printed */
function runScript(script) {
  return new Promise(resolve => {
    const child = spawn(npm, ['run', '--silent', script], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(child)
    const chunks = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => chunks.push(chunk))
    child.once('error', error => chunks.push(Buffer.from(`${error.message}\n`)))
    child.once('close', code => {
      running.delete(child)
      resolve({ code, printed: Buffer.concat(chunks).toString('utf8') })
    })
  })
}

async function runChecks(queue) {
  for (let next = queue.shift(); next; next = queue.shift()) {
    const [name, script] = next
    const started = Date.now()
    const { code, printed } = await runScript(script)
    const ok = code === 0
    if (!ok) failed.push(name)
    const seconds = Math.round((Date.now() - started) / 1000)
    process.stdout.write(`${ok ? '' : printed}${ok ? '✓' : '✗'} ${name} (${seconds} s)\n`)
  }
}

// Nobody waits for what is left when the one who forked this has ended.
process.once('disconnect', () => {
  for (const child of running) child.kill()
  process.exit(1)
})
process.channel?.unref()
const queue = Object.entries(CHECKS)
await Promise.all(Array.from({ length: AT_ONCE }, () => runChecks(queue)))
process.send?.(failed)
process.exitCode = failed.length ? 1 : 0
