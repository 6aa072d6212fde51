// Updates against a feed on loopback with a key of the test: what is believed, downloaded, installed and taken back.
// The versions are small programs; the whole app goes through the same in `npm run torture -- update`.
import { type KeyObject, createHash, generateKeyPairSync, sign } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import {
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  type Server,
  createServer,
  request,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DownloadOptions, HttpExecutor, configureRequestOptions, configureRequestUrl } from 'builder-util-runtime'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { blameFor } from '../../src/main/desktop/updates/blame.ts'
import { installation } from '../../src/main/desktop/updates/create-updates.ts'
import { parseFeed } from '../../src/main/desktop/updates/feed.ts'
import { openSource } from '../../src/main/desktop/updates/source.ts'
import { TrialFile } from '../../src/main/desktop/updates/trial.ts'
import { Updates, type UpdatesOptions } from '../../src/main/desktop/updates/updates.ts'
import { eventually } from '../support/eventually.ts'

const ours = generateKeyPairSync('ed25519')
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()

let folder = ''
let server: Server
let url = ''
/** What the feed serves; a number cuts a file off after so many bytes. */
let served: Map<string, Buffer>
let cutAfter: number | undefined
let asked: IncomingMessage[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-updates-'))
  served = new Map()
  asked = []
  cutAfter = undefined
  vi.stubEnv('APPIMAGE', join(folder, 'Flotilla.AppImage'))
  server = createServer((incoming, answer) => {
    asked.push(incoming)
    const body = served.get(new URL(incoming.url ?? '', 'http://feed').pathname)
    if (!body) return void answer.writeHead(404).end()
    answer.writeHead(200, { 'content-length': body.length })
    if (cutAfter === undefined || body.length <= cutAfter) return void answer.end(body)
    answer.write(body.subarray(0, cutAfter), () => answer.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

const metadataName = `/latest-linux${process.arch === 'x64' ? '' : `-${process.arch}`}.yml`
interface Publishing {
  readonly key?: KeyObject
  readonly file?: string
  /** What is told of the content, when it is not the truth. */
  readonly told?: string
}
function publish(version: string, content: string, { key = ours.privateKey, file, told = content }: Publishing = {}) {
  const name = file ?? `Flotilla-${version}.AppImage`
  const sha512 = createHash('sha512').update(told).digest('base64')
  const metadata = Buffer.from(
    `version: ${version}\nfiles:\n  - url: ${name}\n    sha512: ${sha512}\n    size: ${told.length}\nreleaseDate: '2026-01-01T00:00:00.000Z'\n`,
  )
  served.set(metadataName, metadata)
  served.set(`${metadataName}.sig`, Buffer.from(sign(null, metadata, key).toString('base64')))
  served.set(`/Flotilla-${version}.AppImage`, Buffer.from(content))
}

/** Electron's network is not here; the rest of electron-updater is the real one. */
class NodeExecutor extends HttpExecutor<ClientRequest> {
  createRequest(options: RequestOptions, callback: (response: IncomingMessage) => void): ClientRequest {
    return request(options, callback)
  }
  download(from: URL, destination: string, options: DownloadOptions): Promise<string> {
    return options.cancellationToken.createPromise<string>((resolve, reject, onCancel) => {
      const requestOptions = { headers: options.headers ?? undefined }
      configureRequestUrl(from, requestOptions)
      configureRequestOptions(requestOptions)
      const callback = (error: Error | null) => (error ? reject(error) : resolve(destination))
      this.doDownload(requestOptions, { destination, options, onCancel, callback, responseHandler: null }, 0)
    })
  }
}

function source(version: string) {
  const app = {
    version,
    name: 'flotilla',
    isPackaged: true,
    appUpdateConfigPath: '',
    userDataPath: folder,
    baseCachePath: join(folder, 'cache'),
    whenReady: () => Promise.resolve(),
    relaunch: () => undefined,
    quit: () => undefined,
    onQuit: () => undefined,
  }
  return openSource({
    feed: parseFeed(JSON.stringify({ url, keys: [pem(ours.publicKey)] })),
    folder,
    extension: '.AppImage',
    log: () => undefined,
    parts: { app, httpExecutor: new NodeExecutor() },
  })
}

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
    publish('0.2.0', 'new')
    expect((await source('0.1.9').look())?.release.version).toBe('0.2.0')
    expect(await source('0.2.0').look()).toBeUndefined()
    expect(await source('0.10.0').look()).toBeUndefined()
    publish('0.2.0-beta.1', 'new')
    await expect(source('0.1.0').look()).rejects.toThrow()
  })

  it('is not believed without the signature of a known key over exactly what it says', async () => {
    const { look } = source('0.1.0')
    publish('0.2.0', 'new', { key: generateKeyPairSync('ed25519').privateKey })
    await expect(look()).rejects.toThrow('not signed with a key that this app knows')
    publish('0.2.0', 'new')
    const metadata = served.get(metadataName)?.toString() ?? ''
    served.set(metadataName, Buffer.from(metadata.replace('0.2.0\n', '0.3.0\n')))
    await expect(look()).rejects.toThrow('not signed')
    served.delete(`${metadataName}.sig`)
    served.set(metadataName, Buffer.from(metadata))
    await expect(look()).rejects.toThrow('404')
  })

  it('leads nowhere else', async () => {
    publish('0.2.0', 'new', { file: 'https://example.org/Flotilla-0.2.0.AppImage' })
    await expect(source('0.1.0').look()).rejects.toThrow('not below the update feed')
  })

  it('is told nothing about who asks', async () => {
    publish('0.2.0', 'new')
    const { look, download } = source('0.1.0')
    await look()
    await download(() => undefined)
    const headers = new Set(asked.flatMap(({ headers: sent }) => Object.keys(sent)))
    expect([...headers].sort()).toEqual(expect.arrayContaining(['host', 'user-agent']))
    for (const name of headers) expect(name).not.toMatch(/^x-|cookie|authorization/)
  })
})

describe('a download', () => {
  it('is what was signed, and executable', async () => {
    publish('0.2.0', 'the new version')
    const { look, download } = source('0.1.0')
    await look()
    expect(readFileSync(await download(() => undefined), 'utf8')).toBe('the new version')
  })

  it('that is cut off or is another file leaves nothing behind, and can be tried again', async () => {
    const content = 'x'.repeat(500_000)
    publish('0.2.0', content)
    const { look, download } = source('0.1.0')
    await look()
    cutAfter = 100_000
    await expect(download(() => undefined)).rejects.toThrow()
    cutAfter = undefined
    served.set('/Flotilla-0.2.0.AppImage', Buffer.from(content.replace(/x$/, 'y')))
    await expect(download(() => undefined)).rejects.toThrow('sha512')
    expect(readdirSync(join(folder, 'cache/flotilla-updater/pending'))).toEqual([])
    served.set('/Flotilla-0.2.0.AppImage', Buffer.from(content))
    expect(readFileSync(await download(() => undefined), 'utf8')).toBe(content)
  })
})

describe('Updates', () => {
  const program = () => join(folder, 'Flotilla.AppImage')
  const trial = () => new TrialFile(join(folder, 'trial.json'))
  /** A program of that version: writes down that it started, then behaves. */
  const version = (name: string, behaviour = '') =>
    `#!/bin/sh\necho ${name} "$@" >> "${folder}/started"\n${behaviour}\n`
  /** Whole or not at all, as the program does it. */
  const writes = (text: string) =>
    `echo '${text}' > "${folder}/written"; mv "${folder}/written" "${folder}/trial.json"; exec sleep 60`
  const getsReady = () => `rm "${folder}/trial.json"; exec sleep 60`
  const started = () => (existsSync(join(folder, 'started')) ? readFileSync(join(folder, 'started'), 'utf8') : '')
  let steps: string[]
  let updates: Updates

  function open(changes: Partial<UpdatesOptions> = {}) {
    return new Updates({
      version: '0.1.0',
      source: source('0.1.0'),
      program: program(),
      trial: trial(),
      args: ['--data-dir', '/data'],
      stop: () =>
        Promise.resolve(
          void steps.push(`stopped with the ${/echo (\w+)/.exec(readFileSync(program(), 'utf8'))?.[1]} one there`),
        ),
      release: () => void steps.push('released'),
      exit: code => void steps.push(`exit ${code}`),
      onStatus: () => undefined,
      log: () => undefined,
      readyMs: 10_000,
      graceMs: 10_000,
      ...changes,
    })
  }
  beforeEach(() => {
    steps = []
    writeFileSync(program(), version('old'))
    chmodSync(program(), 0o755)
    updates = open()
  })
  async function update(content: string) {
    publish('0.2.0', content)
    await updates.look()
    expect(await updates.download()).toMatchObject({ state: 'downloaded', found: { version: '0.2.0', installs: true } })
    await updates.install()
  }
  const beside = () => readdirSync(folder).filter(name => name.startsWith('.Flotilla'))

  it('puts the new version in place after a clean stop, and leaves when it is ready', async () => {
    await update(version('new', getsReady()))
    expect(steps).toEqual(['stopped with the old one there', 'released', 'exit 0'])
    expect(started()).toBe('new --data-dir /data\n')
    expect(readFileSync(program(), 'utf8')).toContain('echo new')
  })

  it.each([
    ['ends while it starts', 'exit 3', 'it ended while it started (code 3)'],
    ['is killed', 'kill -9 $$', 'it ended while it started (SIGKILL)'],
    ['says that its cluster does not start', 'FAIL', 'its cluster did not start'],
    ['is never ready', 'exec sleep 60', 'it was not ready within 1 s'],
  ])('takes a version back that %s, and does not offer it again', async (_what, behaviour, reason) => {
    updates = open({ readyMs: behaviour.includes('sleep') ? 1_000 : 10_000 })
    const failed = JSON.stringify({
      from: '0.1.0',
      to: '0.2.0',
      program: program(),
      state: 'failed',
      starts: 1,
      reason,
    })
    await update(version('new', behaviour.replace('FAIL', writes(failed))))
    await eventually(() => started() === 'new --data-dir /data\nold --data-dir /data\n')
    expect(readFileSync(program(), 'utf8')).toContain('echo old')
    const again = open()
    expect(again.begin()).toBe(true)
    expect(again.status.takenBack).toEqual({ version: '0.2.0', reason })
    expect(await again.look()).toMatchObject({ state: 'none' })
    publish('0.2.1', version('newer'))
    expect(await again.look()).toMatchObject({ state: 'found' })
  })

  it('leaves everything as it is when the control plane does not stop cleanly', async () => {
    updates = open({ stop: () => Promise.reject(new Error('the store cannot be written')) })
    await update(version('new'))
    await eventually(() => started() === 'old --data-dir /data\n')
    expect(readFileSync(program(), 'utf8')).toContain('echo old')
    const again = open()
    again.begin()
    expect(again.status.takenBack).toEqual({ version: '0.2.0', reason: 'the store cannot be written' })
    expect(await again.look()).toMatchObject({ state: 'found' })
  })

  it('does not install a file that was changed after it was downloaded', async () => {
    publish('0.2.0', version('new'))
    await updates.look()
    await updates.download()
    writeFileSync(join(folder, 'cache/flotilla-updater/pending/Flotilla-0.2.0.AppImage'), version('evil'))
    await updates.install()
    expect(updates.status).toMatchObject({
      state: 'failed',
      message: 'the downloaded file is not the one that was signed',
    })
    expect(steps).toEqual([])
  })

  it('that was interrupted before the new version was in place is forgotten', () => {
    writeFileSync(join(folder, '.Flotilla.AppImage.next'), 'half of')
    writeFileSync(join(folder, '.Flotilla.AppImage.previous'), version('old'))
    trial().set({ from: '0.1.0', to: '0.2.0', program: program(), state: 'placed', starts: 0 })
    expect(updates.begin()).toBe(true)
    expect(beside()).toEqual([])
    expect(trial().current).toBeUndefined()
  })

  describe('of a new version that nobody watches any more', () => {
    const start = () => open({ version: '0.2.0' })
    beforeEach(() => {
      writeFileSync(join(folder, '.Flotilla.AppImage.previous'), version('old'), { mode: 0o755 })
      writeFileSync(program(), version('new'))
      trial().set({ from: '0.1.0', to: '0.2.0', program: program(), state: 'placed', starts: 0 })
    })

    it('ends its trial when it is ready', () => {
      const running = start()
      expect(running.begin()).toBe(true)
      expect(beside()).toEqual(['.Flotilla.AppImage.previous'])
      running.ready()
      expect(beside()).toEqual([])
      expect(trial().current).toBeUndefined()
    })

    it('gives way to the one before when two starts did not get ready', async () => {
      expect(start().begin()).toBe(true)
      expect(start().begin()).toBe(true)
      expect(start().begin()).toBe(false)
      await eventually(() => started() === 'old --data-dir /data\n')
      expect(steps).toEqual(['released', 'exit 0'])
      expect(trial().current).toMatchObject({ state: 'taken-back', to: '0.2.0' })
    })

    it('is not blamed for what the one before would meet as well', () => {
      const taken = { kind: 'port-in-use', message: 'the port is taken', detail: '' } as const
      for (let times = 0; times < 5; times++) {
        const running = start()
        expect(running.begin()).toBe(true)
        running.notReady(blameFor(taken))
        expect(trial().current?.state).toBe('undecided')
      }
      const running = start()
      running.begin()
      running.notReady(blameFor({ kind: 'other', message: 'boom', detail: '' }))
      expect(trial().current).toMatchObject({ state: 'failed', reason: 'its cluster did not start: boom' })
    })
  })

  it('are off in a build without a feed, and by hand where a package manager installs', async () => {
    const off = open({ source: undefined })
    expect(await off.look()).toEqual({ state: 'off', version: '0.1.0' })
    expect(asked).toEqual([])
    publish('0.2.0', 'new')
    const packaged = open({ program: undefined })
    expect(await packaged.look()).toMatchObject({ state: 'found', found: { installs: false } })
    expect(packaged.page).toBe(`${url}Flotilla-0.2.0.AppImage`)
    writeFileSync(join(folder, 'package-type'), 'deb\n')
    expect(installation('linux', {}, folder)).toEqual({ extension: '.deb', program: undefined })
    expect(installation('linux', { APPIMAGE: '/a' }, folder)).toEqual({ extension: '.AppImage', program: '/a' })
  })
})
