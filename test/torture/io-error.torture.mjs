// EIO from the kernel: fdatasync fails under the writer from the n-th call on. Nothing that was acknowledged before or
// after may be lost, whatever the failed syncs left on the disk.
import { join } from 'node:path'
import { assert, assertNothingLost, bundle, readBack, run, scratch, skip, startWriter, waitFor } from './lib.mjs'

if (run('strace', '-V').status !== 0) skip('strace is needed to make system calls fail')
const folder = scratch()
if (run('strace', '-f', '-qq', '-o', '/dev/null', 'true').status !== 0) skip('strace may not trace here')
const writer = await bundle('test/store/crash-writer.ts', folder)
const reader = await bundle('test/torture/store/read-back.ts', folder)
const dataDir = join(folder, 'data')
const all = []
const rounds = [20, 60, 200]
for (const [round, first] of rounds.entries()) {
  const inject = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fdatasync']
  const { child, acknowledged, ended } = startWriter(writer, dataDir, round, [
    ...inject,
    '-e',
    `inject=fdatasync:error=EIO:when=${first}+`,
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
console.log(`${rounds.length} rounds of failing fdatasync, ${all.length} acknowledged transactions, none lost`)
