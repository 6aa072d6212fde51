// EIO from the kernel: writing the log, which is synced with it, fails under the writer from the n-th write of a thread
// on. Nothing that was acknowledged before or after may be lost, whatever the failed writes left on the disk.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert, assertNothingLost, bundle, readBack, run, scratch, skip, startWriter, waitFor } from './lib.mjs'

if (run('strace', '-V').status !== 0) skip('strace is needed to make system calls fail')
const folder = scratch()
if (run('strace', '-f', '-qq', '-o', '/dev/null', 'true').status !== 0) skip('strace may not trace here')
const writer = await bundle('test/store/crash-writer.ts', folder)
const reader = await bundle('test/torture/store/read-back.ts', folder)
const dataDir = join(folder, 'data')
const all = []
const rounds = [2, 6, 15]
const MOST_FILES = 300

/** What the log's next files are called: a writer fills one after the other. */
function nextLogs(dataDir) {
  const manifest = join(dataDir, 'store/manifest.json')
  const [, number] = (existsSync(manifest) && /"nextFile":(\d+)/.exec(readFileSync(manifest, 'utf8'))) || []
  const first = Number(number ?? 1)
  return Array.from({ length: MOST_FILES }, (_, i) => join(dataDir, `store/${String(first + i).padStart(6, '0')}.log`))
}

for (const [round, first] of rounds.entries()) {
  const inject = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=write']
  const { child, acknowledged, ended } = startWriter(writer, dataDir, round, [
    ...inject,
    ...nextLogs(dataDir).flatMap(path => ['-P', path]),
    '-e',
    `inject=write:error=EIO:when=${first}+`,
  ])
  // The writer does not catch a refused write: it ends by it, with the log as the failure has left it.
  await waitFor(() => child.exitCode !== null, 'the writer meets the error', 60_000).finally(() =>
    child.kill('SIGKILL'),
  )
  await ended
  assert(acknowledged.length > 0, `round ${round}: nothing was acknowledged before the error`)
  all.push(...acknowledged)
  assertNothingLost(readBack(reader, dataDir), all)
}
console.log(`${rounds.length} rounds of failing writes, ${all.length} acknowledged transactions, none lost`)
