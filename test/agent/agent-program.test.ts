// The Node that a packaged app unpacks for the agent of this machine.
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { agentProgram, unpackProgram } from '../../src/main/local-node/agent-program.ts'

const PROGRAM = '#!/bin/sh\necho "ran $1"\n'
let folder = ''
let bundle = ''
const runtime = () => join(folder, 'runtime')
const target = () => join(folder, 'target')

/** What a build puts beside the agent, with a small program in place of Node. */
function writeRuntime(program: string, sha256 = createHash('sha256').update(program).digest('hex')): void {
  mkdirSync(runtime(), { recursive: true })
  writeFileSync(join(folder, 'node'), program, { mode: 0o755 })
  execFileSync('tar', ['-czf', join(runtime(), 'node.tar.gz'), '-C', folder, 'node'])
  writeFileSync(join(runtime(), 'runtime.json'), JSON.stringify({ sha256, bytes: program.length }))
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-program-'))
  bundle = join(folder, 'agent.cjs')
  writeFileSync(bundle, 'one')
  writeRuntime(PROGRAM)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('unpackProgram()', () => {
  it('unpacks what runs, and uses it again the next time', async () => {
    const program = await unpackProgram(bundle, runtime(), target())
    expect(execFileSync(program.node, [program.bundle], { encoding: 'utf8' })).toBe(`ran ${program.bundle}\n`)
    const { ino } = statSync(program.node)
    expect(await unpackProgram(bundle, runtime(), target())).toEqual(program)
    expect(statSync(program.node).ino).toBe(ino)
  })

  it('takes what a newer version brings, and removes the old', async () => {
    const old = await unpackProgram(bundle, runtime(), target())
    writeFileSync(bundle, 'a newer one')
    writeRuntime(`${PROGRAM}# newer\n`)
    const program = await unpackProgram(bundle, runtime(), target())
    expect(readdirSync(target())).toHaveLength(2)
    expect(existsSync(old.node)).toBe(false)
    expect(existsSync(program.bundle)).toBe(true)
  })

  it('refuses a runtime that is not what it should be, and leaves nothing to run', async () => {
    writeRuntime(PROGRAM, '0'.repeat(64))
    await expect(unpackProgram(bundle, runtime(), target())).rejects.toThrow('damaged')
    expect(readdirSync(target()).filter(name => name.startsWith('node'))).toEqual([])
  })

  it('says so of one that was cut off, or is not there', async () => {
    // Random bytes, so that half of the archive is half of the program.
    writeRuntime(randomBytes(200_000).toString('hex'))
    const archive = join(runtime(), 'node.tar.gz')
    writeFileSync(archive, readFileSync(archive).subarray(0, 100_000))
    await expect(unpackProgram(bundle, runtime(), target())).rejects.toThrow('damaged')
    rmSync(archive)
    await expect(unpackProgram(bundle, runtime(), target())).rejects.toThrow('damaged')
    expect(readdirSync(target()).filter(name => name.startsWith('node'))).toEqual([])
  })
})

describe('agentProgram()', () => {
  it('is this very program when it is not packaged', async () => {
    expect((await agentProgram(folder)).node).toBe(process.execPath)
    expect(existsSync(join(folder, 'program'))).toBe(false)
  })
})
