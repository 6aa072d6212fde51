// What an update feed is believed, and what is downloaded of it: electron-updater on a feed on loopback.
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseFeed } from '../../src/main/desktop/updates/feed.ts'
import { UpdateFeedServer, metadataName, ours, pem } from './support/update-feed.ts'

let folder = ''
let feed: UpdateFeedServer
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-updates-'))
  vi.stubEnv('APPIMAGE', join(folder, 'Flotilla.AppImage'))
  feed = await UpdateFeedServer.open()
})
afterEach(async () => {
  await feed[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

describe('an update feed', () => {
  it('is read over https only, with keys that sign', () => {
    const keys = [pem(ours.publicKey)]
    expect(parseFeed(JSON.stringify({ url: 'https://example.org/flotilla', keys })).url.href).toBe(
      'https://example.org/flotilla/',
    )
    expect(() => parseFeed(JSON.stringify({ url: 'http://example.org/', keys }))).toThrow('https only')
    expect(() => parseFeed(JSON.stringify({ url: 'https://example.org/', keys: [] }))).toThrow()
    const rsa = pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)
    expect(() => parseFeed(JSON.stringify({ url: 'https://example.org/', keys: [rsa] }))).toThrow('Ed25519')
  })

  it('offers what is newer, and never what is older or the same', async () => {
    feed.publish('0.2.0', 'new')
    expect((await feed.source('0.1.9', folder).look())?.release.version).toBe('0.2.0')
    expect(await feed.source('0.2.0', folder).look()).toBeUndefined()
    expect(await feed.source('0.10.0', folder).look()).toBeUndefined()
    feed.publish('0.2.0-beta.1', 'new')
    await expect(feed.source('0.1.0', folder).look()).rejects.toThrow()
  })

  it('is not believed without the signature of a known key over exactly what it says', async () => {
    const { look } = feed.source('0.1.0', folder)
    feed.publish('0.2.0', 'new', { key: generateKeyPairSync('ed25519').privateKey })
    await expect(look()).rejects.toThrow('not signed with a key that this app knows')
    feed.publish('0.2.0', 'new')
    const metadata = feed.served.get(metadataName)?.toString() ?? ''
    feed.served.set(metadataName, Buffer.from(metadata.replace('0.2.0\n', '0.3.0\n')))
    await expect(look()).rejects.toThrow('not signed')
    feed.served.delete(`${metadataName}.sig`)
    feed.served.set(metadataName, Buffer.from(metadata))
    await expect(look()).rejects.toThrow('404')
  })

  it('is believed as scripts/sign-update.mjs signs it', async () => {
    feed.publish('0.2.0', 'new', { key: generateKeyPairSync('ed25519').privateKey })
    const file = join(folder, metadataName)
    const key = join(folder, 'update.key')
    writeFileSync(file, feed.served.get(metadataName) ?? '')
    writeFileSync(key, ours.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    execFileSync(process.execPath, [join(import.meta.dirname, '../../scripts/sign-update.mjs'), key, folder])
    feed.served.set(`${metadataName}.sig`, readFileSync(`${file}.sig`))
    expect((await feed.source('0.1.0', folder).look())?.release.version).toBe('0.2.0')
  })

  it('leads nowhere else', async () => {
    feed.publish('0.2.0', 'new', { file: 'https://example.org/Flotilla-0.2.0.AppImage' })
    await expect(feed.source('0.1.0', folder).look()).rejects.toThrow('not below the update feed')
  })

  it('is told nothing about who asks', async () => {
    feed.publish('0.2.0', 'new')
    const { look, download } = feed.source('0.1.0', folder)
    await look()
    await download(() => undefined)
    const headers = new Set(feed.asked.flatMap(({ headers: sent }) => Object.keys(sent)))
    expect([...headers].sort()).toEqual(expect.arrayContaining(['host', 'user-agent']))
    for (const name of headers) expect(name).not.toMatch(/^x-|cookie|authorization/)
  })
})

describe('a download', () => {
  it('is what was signed, and executable', async () => {
    feed.publish('0.2.0', 'the new version')
    const { look, download } = feed.source('0.1.0', folder)
    await look()
    expect(readFileSync(await download(() => undefined), 'utf8')).toBe('the new version')
  })

  it('that is cut off or is another file leaves nothing behind, and can be tried again', async () => {
    const content = 'x'.repeat(500_000)
    feed.publish('0.2.0', content)
    const { look, download } = feed.source('0.1.0', folder)
    await look()
    feed.cutAfter = 100_000
    await expect(download(() => undefined)).rejects.toThrow()
    feed.cutAfter = undefined
    feed.served.set('/Flotilla-0.2.0.AppImage', Buffer.from(content.replace(/x$/, 'y')))
    await expect(download(() => undefined)).rejects.toThrow('sha512')
    expect(readdirSync(join(folder, 'cache/flotilla-updater/pending'))).toEqual([])
    feed.served.set('/Flotilla-0.2.0.AppImage', Buffer.from(content))
    expect(readFileSync(await download(() => undefined), 'utf8')).toBe(content)
  })
  it('is not waited for when nothing more comes, as the feed itself is not', async () => {
    feed.publish('0.2.0', 'x'.repeat(500_000))
    const { look, download } = feed.source('0.1.0', folder, 300)
    feed.isSilent = true
    feed.cutAfter = 10
    await expect(look()).rejects.toThrow('does not answer any more')
    feed.cutAfter = 100_000
    await look()
    await expect(download(() => undefined)).rejects.toThrow('does not answer any more')
    feed.cutAfter = undefined
    expect(readFileSync(await download(() => undefined), 'utf8')).toHaveLength(500_000)
  })
})
