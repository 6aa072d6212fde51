// Opens a store and prints its keys with their revisions, as JSON.
import { writeSync } from 'node:fs'
import { openNedbEngine } from '../../../src/main/store/nedb/engine.ts'

const engine = await openNedbEngine({ dataDir: process.argv[2] ?? '' })
const keys: [string, number][] = []
for await (const batch of engine.load()) for (const { key, revision } of batch) keys.push([key, revision])
const text = Buffer.from(JSON.stringify({ revision: engine.revision, keys }))
for (let at = 0; at < text.length;) {
  try {
    at += writeSync(1, text, at)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
  }
}
await engine[Symbol.asyncDispose]()
