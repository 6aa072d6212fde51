// What a host that has been denied capabilities can still give to containers.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { deniedCapabilities, lowestOomScore } from '../../src/agent/kubelet/runtime/docker/denied-capabilities.ts'
import { temporaryFolder } from './support/node.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())

let made = 0
function hostWith(bounding: string, last: string): string {
  const proc = join(folder.path, String(made++))
  mkdirSync(join(proc, '1'), { recursive: true })
  mkdirSync(join(proc, 'sys/kernel'), { recursive: true })
  writeFileSync(join(proc, '1/status'), `Name:\tsystemd\nCapEff:\t0000000000000000\nCapBnd:\t${bounding}\n`)
  writeFileSync(join(proc, 'sys/kernel/cap_last_cap'), `${last}\n`)
  return proc
}

it('nothing is denied on a host that has all, however many its kernel knows', async () => {
  expect(await deniedCapabilities(hostWith('000001ffffffffff', '40'))).toEqual([])
  expect(await deniedCapabilities(hostWith('0000003fffffffff', '37'))).toEqual([])
})
it('what the first process of the host cannot have is told by name', async () => {
  expect(await deniedCapabilities(hostWith('000001fffeffffff', '40'))).toEqual(['SYS_RESOURCE'])
  expect(await deniedCapabilities(hostWith('000000fffefeffff', '40'))).toEqual(['SYS_MODULE', 'SYS_RESOURCE', 'CHECKPOINT_RESTORE']) // prettier-ignore
})
it('nothing is taken for denied where that cannot be read', async () => {
  expect(await deniedCapabilities(join(folder.path, 'none'))).toEqual([])
})
it('no process can be protected from the memory killer without the right to more than its share', () => {
  expect(lowestOomScore([])).toBe(-1000)
  expect(lowestOomScore(['SYS_RESOURCE'])).toBe(0)
})
