// The log bundle of real files.
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { extract } from 'tar-stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gatherBundle, packBundle, pieces } from '../../src/main/desktop/log-bundle.ts'

let folder = ''
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'flotilla-bundle-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function unpack(archive: Buffer): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  const stream = Readable.from([gunzipSync(archive)]).pipe(extract())
  for await (const entry of stream) {
    let text = ''
    for await (const chunk of entry) text += String(chunk)
    files[entry.header.name] = text
  }
  return files
}

describe('the log bundle', () => {
  it('holds the logs and crash reports without their secrets, and tells how many there were', async () => {
    const logs = join(folder, 'logs')
    mkdirSync(join(logs, 'crashes'), { recursive: true })
    writeFileSync(join(logs, 'desktop.log'), 'one\nBearer abcdef123456\n')
    writeFileSync(join(logs, 'desktop.log.1'), 'older\n')
    writeFileSync(join(logs, 'crashes', '2026-window-gone.txt'), 'oom\n')
    const files = await gatherBundle([logs, join(logs, 'crashes')], { settings: { password: 'hunter22' } })
    expect(files.map(({ name, hidden }) => [name, hidden])).toEqual([
      ['about.json', 1],
      ['logs/desktop.log', 1],
      ['logs/desktop.log.1', 0],
      ['crashes/2026-window-gone.txt', 0],
    ])
    const unpacked = await unpack(await packBundle(files, new Date(0)))
    expect(unpacked['flotilla-logs/logs/desktop.log']).toBe('one\nBearer [hidden]\n')
    expect(unpacked['flotilla-logs/about.json']).toContain(`"platform": "${process.platform}"`)
    for (const { name, bytes } of files) expect(Buffer.byteLength(unpacked[`flotilla-logs/${name}`] ?? '')).toBe(bytes)
  })

  it('takes no keys, no links to elsewhere and nothing that is not a log', async () => {
    writeFileSync(join(folder, 'kubeconfig'), 'x')
    writeFileSync(join(folder, 'ca.key'), 'x')
    symlinkSync('/etc/hostname', join(folder, 'linked.log'))
    expect((await gatherBundle([folder, join(folder, 'missing')], {})).map(({ name }) => name)).toEqual(['about.json'])
  })

  it('takes the end of a large file, from the start of a line', async () => {
    const line = `${'word '.repeat(20)}\n`
    writeFileSync(join(folder, 'big.log'), line.repeat(30_000) + 'the end\n')
    const [, big] = await gatherBundle([folder], {})
    expect(big?.bytes).toBeLessThanOrEqual(2 * 1024 * 1024)
    expect(big?.text.startsWith(line)).toBe(true)
    expect(big?.text.endsWith('the end\n')).toBe(true)
  })

  it.each([
    ['a key', `-----BEGIN PRIVATE KEY-----\n${'AAAA\n'.repeat(20)}-----END PRIVATE KEY-----\n`],
    ['a password of several lines', `password: |\n${'  hunter2\n'.repeat(20)}`],
  ])('never cuts %s in two', (_what, key) => {
    const text = 'line\n'.repeat(395) + key + 'line\n'.repeat(800)
    const cut = [...pieces(text)]
    expect(cut.length).toBeGreaterThan(2)
    expect(cut.join('')).toBe(text)
    expect(cut.filter(piece => piece.includes(key))).toHaveLength(1)
  })
})
