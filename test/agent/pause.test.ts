import { spawn } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { pauseImageArchive, pauseImageName, pauseProgram } from '../../src/agent/kubelet/runtime/pause-image.ts'
import { eventually } from '../support/eventually.ts'
import { temporaryFolder } from './support/node.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())
const native = process.arch === 'arm64' ? 'arm64' : 'x64'

const program = () => {
  const path = join(folder.path, 'pause')
  writeFileSync(path, pauseProgram(native))
  chmodSync(path, 0o755)
  return path
}
const statOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')

describe('the pause program', () => {
  it('waits without using any CPU and ends at once on SIGTERM', async () => {
    const child = spawn(program(), { stdio: 'ignore' })
    await eventually(() => statOf(child.pid!)[0] === 'S')
    const [user, system] = [statOf(child.pid!)[11], statOf(child.pid!)[12]]
    expect([user, system]).toEqual(['0', '0'])
    const ended = new Promise(resolve => child.once('exit', (code, signal) => resolve({ code, signal })))
    const asked = performance.now()
    child.kill('SIGTERM')
    expect(await ended).toEqual({ code: 0, signal: null })
    expect(performance.now() - asked).toBeLessThan(1_000)
  })

  it('ignores its children, so that the kernel reaps them', async () => {
    const child = spawn(program(), { stdio: 'ignore' })
    const SIGCHLD_BIT = 1n << 16n
    await eventually(() => {
      const ignored = /^SigIgn:\s*(\w+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]!
      return (BigInt(`0x${ignored}`) & SIGCHLD_BIT) !== 0n
    })
    child.kill('SIGTERM')
  })

  it('is an ELF file for the architecture asked for, with an image named after its contents', () => {
    expect(pauseProgram('arm64').readUInt16LE(18)).toBe(183)
    expect(pauseProgram('x64').readUInt16LE(18)).toBe(62)
    expect(pauseImageName('x64')).toMatch(/^flotilla\/pause:[0-9a-f]{12}$/)
    expect(pauseImageName('arm64')).not.toBe(pauseImageName('x64'))
  })

  it('is in an image that is the same for all agents that make it at once', async () => {
    const one = await pauseImageArchive('x64')
    vi.setSystemTime('2030-01-01')
    expect((await pauseImageArchive('x64')).equals(one)).toBe(true)
    vi.useRealTimers()
    expect((await pauseImageArchive('arm64')).equals(one)).toBe(false)
  })

  it('assembles arm64 instructions that a disassembler reads as intended', () => {
    // Checked word by word where no arm64 tools are installed: svc #0 thrice and once to exit, one conditional branch.
    const code = pauseProgram('arm64').subarray(120)
    const words = Array.from({ length: 28 }, (_, i) => (i * 4 + 4 <= code.length ? code.readUInt32LE(i * 4) : 0))
    expect(words.filter(word => word === 0xd4000001)).toHaveLength(4)
    const branch = words.findIndex(word => word >>> 24 === 0x54)
    const offset = ((words[branch]! >> 5) & 0x7ffff) - 0x80000
    expect(words[branch + offset]).toBe((0xd2800000 | (137 << 5) | 8) >>> 0)
  })
})
