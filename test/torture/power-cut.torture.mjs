// Power cuts: an ext4 file system on a loop device is shut down without flushing its journal while the store is being
// written to; after its recovery, everything acknowledged must be there.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { assert, assertNothingLost, bundle, must, readBack, run, scratch, skip, startWriter, waitFor } from './lib.mjs'

const ROUNDS = Number(process.env['ROUNDS'] ?? 15)
/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: nothing more reaches the device, as when the power goes. */
const SHUT_DOWN = `import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))`

if (run('python3', '--version').status !== 0) skip('python3 is needed for the ioctl that cuts the power')
const folder = scratch()
const image = join(folder, 'disk')
const mount = join(folder, 'mnt')
mkdirSync(mount)
must('truncate', '-s', '256M', image)
must('mkfs.ext4', '-q', '-F', image)
const mounted = run('mount', '-o', 'loop', image, mount)
if (mounted.status !== 0) skip(`no loop device can be mounted here: ${mounted.stderr.trim()}`)
process.on('exit', () => run('umount', '-l', mount))

const writer = await bundle('test/store/crash-writer.ts', folder)
const reader = await bundle('test/torture/store/read-back.ts', folder)
const dataDir = join(mount, 'data')
const all = []
for (let round = 0; round < ROUNDS; round++) {
  const { child, acknowledged, ended } = startWriter(writer, dataDir, round)
  const wanted = 50 + Math.floor(Math.random() * 1500)
  await waitFor(() => acknowledged.length >= wanted || child.exitCode !== null, 'writes are acknowledged')
  assert(child.exitCode === null, `the writer ended by itself in round ${round}`)
  const before = acknowledged.length
  must('python3', '-c', SHUT_DOWN, mount)
  child.kill('SIGKILL')
  await ended
  must('umount', mount)
  must('mount', '-o', 'loop', image, mount)
  all.push(...acknowledged.slice(0, before))
  assertNothingLost(readBack(reader, dataDir), all)
}
must('umount', mount)
console.log(`${ROUNDS} power cuts, ${all.length} acknowledged transactions, none lost, none torn`)
