// What an update feed is believed, and what is downloaded of it: electron-updater on a feed on loopback.
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseFeed } from '../../src/main/desktop/updates/feed.ts'
import { UpdateFeedServer, metadataName, ours, pem, withBlockMap } from './support/update-feed.ts'

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
    const { look, download } = feed.source('0.1.0', folder, 2000)
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

describe('a download by blocks', () => {
  const KILOBYTE = 1000
  /** What is published. */
  let next: Buffer
  let blockMapSize: number
  /** What runs. */
  let installed: Buffer
  beforeAll(async () => {
    const old = randomBytes(1000 * KILOBYTE)
    // Something is put in, something else is written over, the rest moves.
    const changed = Buffer.concat([old.subarray(0, 200_000), Buffer.from('put in'), old.subarray(200_000)])
    changed.fill(7, 800_000, 805_000)
    const work = mkdtempSync(join(tmpdir(), 'flotilla-blocks-'))
    installed = (await withBlockMap(join(work, 'old'), old)).content
    ;({ content: next, blockMapSize } = await withBlockMap(join(work, 'new'), changed))
    rmSync(work, { recursive: true })
  })
  beforeEach(() => {
    writeFileSync(join(folder, 'Flotilla.AppImage'), installed)
    feed.publish('0.2.0', next, { blockMapSize })
  })

  async function found(patienceMs?: number) {
    const source = feed.source('0.1.0', folder, patienceMs)
    await source.look()
    feed.sentBytes = 0
    feed.asked.length = 0
    return source
  }

  it('fetches what changed alone, and takes the rest out of the file that runs', async () => {
    const { download } = await found()
    const percents: number[] = []
    expect(readFileSync(await download(percent => percents.push(percent))).equals(next)).toBe(true)
    expect(feed.sentBytes).toBeLessThan(200 * KILOBYTE)
    expect(feed.asked.every(({ headers }) => headers.range)).toBe(true)
    expect(percents.at(-1)).toBe(100)
  })

  it('becomes one of the whole file where the server gives no parts', async () => {
    feed.knowsRanges = false
    const { download } = await found()
    expect(readFileSync(await download(() => undefined)).equals(next)).toBe(true)
  })

  it('becomes one of the whole file where the one that runs has no map', async () => {
    writeFileSync(join(folder, 'Flotilla.AppImage'), 'no map')
    const { download } = await found()
    expect(readFileSync(await download(() => undefined)).equals(next)).toBe(true)
  })

  it('becomes one of the whole file where the one that runs is not what its map says', async () => {
    writeFileSync(join(folder, 'Flotilla.AppImage'), Buffer.from(installed).fill(9, 100_000, 200_000))
    const { download } = await found()
    expect(readFileSync(await download(() => undefined)).equals(next)).toBe(true)
    expect(feed.sentBytes).toBeGreaterThan(next.length)
  })

  it('is not waited for when nothing more comes, and can be tried again', async () => {
    const { download } = await found(2000)
    feed.isSilent = true
    feed.cutAfter = 100
    await expect(download(() => undefined)).rejects.toThrow('does not answer any more')
    feed.cutAfter = undefined
    feed.sentBytes = 0
    expect(readFileSync(await download(() => undefined)).equals(next)).toBe(true)
    expect(feed.sentBytes).toBeLessThan(200 * KILOBYTE)
  })
})
