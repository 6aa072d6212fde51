// What a folder of CNI configurations says, before any plugin is called.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isCollected } from '../../src/agent/network/cni/chain.ts'
import { CniError, readNetworkConfig } from '../../src/agent/network/cni/configuration.ts'

let root = ''
let folder = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flotilla-cni-'))
  folder = join(root, 'net.d')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('readNetworkConfig()', () => {
  it('is undefined for a folder that is missing, or has no configuration', async () => {
    expect(await readNetworkConfig(folder)).toBeUndefined()
    mkdirSync(folder)
    writeFileSync(join(folder, 'README'), '')
    expect(await readNetworkConfig(folder)).toBeUndefined()
  })
  it('fails where there is something that cannot be read, rather than finding nothing', async () => {
    writeFileSync(folder, '')
    await expect(readNetworkConfig(folder)).rejects.toThrow(CniError)
  })
})

describe('isCollected()', () => {
  it.each([
    ['1.0.0', undefined, false],
    ['1.1.0', undefined, true],
    ['1.1.0', false, true],
    ['1.1.0', true, false],
    ['1.1.0', 'true', false],
  ])('of version %s with disableGC %s is %s', async (cniVersion, disableGC, expected) => {
    mkdirSync(folder)
    const network = { name: 'pods', cniVersion, disableGC, plugins: [{ type: 'ptp' }] }
    writeFileSync(join(folder, '10.conflist'), JSON.stringify(network))
    expect(isCollected((await readNetworkConfig(folder))!)).toBe(expected)
  })
})
