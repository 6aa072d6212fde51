// What a folder of CNI configurations says, before any plugin is called.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isCollected } from '../../src/agent/network/cni/chain.ts'
import { CniError, readNetworkConfig } from '../../src/agent/network/cni/configuration.ts'
import { CniPlugins } from '../../src/agent/network/cni/plugin.ts'
import { ToolError } from '../../src/agent/network/exec.ts'

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
  it("refuses Podman's own network, and takes one that comes before it", async () => {
    mkdirSync(folder)
    const put = (file: string, name: string) =>
      writeFileSync(join(folder, file), JSON.stringify({ name, cniVersion: '0.4.0', plugins: [{ type: 'bridge' }] }))
    put('87-podman-bridge.conflist', 'podman')
    await expect(readNetworkConfig(folder)).rejects.toThrow(/87-podman-bridge\.conflist: this is Podman's own network/)
    put('10-pods.conflist', 'pods')
    expect(await readNetworkConfig(folder)).toMatchObject({ name: 'pods' })
  })
})

describe('a plugin', () => {
  it('that is only asked how it is has seconds to answer, not minutes', async () => {
    mkdirSync(folder)
    writeFileSync(join(folder, 'slow'), '', { mode: 0o755 })
    const limits: (number | undefined)[] = []
    const plugins = new CniPlugins(
      (argv, { timeoutMs } = {}) => {
        limits.push(timeoutMs)
        return Promise.reject(new ToolError(argv, undefined, ''))
      },
      [folder],
    )
    await expect(plugins.call('STATUS', 'slow', {})).rejects.toThrow(
      'plugin type="slow" failed (status): it gave no answer and was ended',
    )
    await expect(plugins.call('ADD', 'slow', {})).rejects.toThrow('failed (add)')
    expect(limits).toEqual([10_000, 120_000])
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
