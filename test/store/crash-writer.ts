// Run as a process of its own and ended from outside: 64 writers of pairs of keys, each acknowledged one told on the
// output. With a point's name it stops there, says so, and waits for its end.
import { writeSync } from 'node:fs'
import { type Disk, realDisk } from '../../src/main/store/nedb/disk.ts'
import { openNedbEngine } from '../../src/main/store/nedb/engine.ts'

const WRITERS = 64
const [dataDir = '', round = '', point = '', passes = '1'] = process.argv.slice(2)
let toPass = Number(passes)
const disk: Disk = point
  ? {
      ...realDisk,
      reach(reached) {
        if (reached !== point || --toPass > 0) return Promise.resolve()
        say('stopped 0 .')
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
        return Promise.resolve()
      },
    }
  : realDisk
const engine = await openNedbEngine({ dataDir, disk, segmentBytes: 100_000, garbageBytes: 50_000 })

/** Told before anything else happens, also when the reader is slow and the pipe is full. */
function say(line: string): void {
  const text = Buffer.from(`${line}\n`)
  for (let at = 0; at < text.length;) {
    try {
      at += writeSync(1, text, at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}

async function write(worker: number): Promise<void> {
  for (let i = 0; ; i++) {
    const key = `/${round}/${worker}/${i}`
    const value = 'v'.repeat(500 + (i % 700))
    const revision = await engine.commit([
      { key: `${key}/left`, value, expect: 0 },
      { key: `${key}/right`, value, expect: 0 },
    ])
    say(`${key} ${revision} .`)
    if (worker === 0 && i % 5 === 4) await engine.compact(engine.revision, i % 10 === 9)
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, worker) => write(worker)))
