// A feed of updates on loopback with a key of the test, and electron-updater as it reads it.
import { type KeyObject, createHash, generateKeyPairSync, sign } from 'node:crypto'
import {
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  type Server,
  createServer,
  request,
} from 'node:http'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type DownloadOptions, HttpExecutor, configureRequestOptions, configureRequestUrl } from 'builder-util-runtime'
import { buildBlockMap } from 'app-builder-lib/out/targets/blockmap/blockmap.js'
import { parseFeed } from '../../../src/main/desktop/updates/feed.ts'
import { type UpdateSource, openSource } from '../../../src/main/desktop/updates/source.ts'

export const ours = generateKeyPairSync('ed25519')
export const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()
export const metadataName = `/latest-linux${process.arch === 'x64' ? '' : `-${process.arch}`}.yml`

export interface Publishing {
  readonly key?: KeyObject
  readonly file?: string
  /** What is told of the content, when it is not the truth. */
  readonly told?: string
  /** Of the map of its blocks at the content's end. */
  readonly blockMapSize?: number
}

/** As electron-builder leaves an AppImage: with a map of its blocks at the end. @returns the map's size */
export async function withBlockMap(file: string, content: Buffer): Promise<{ content: Buffer; blockMapSize: number }> {
  writeFileSync(file, content)
  const { blockMapSize = 0 } = await buildBlockMap(file, 'deflate')
  return { content: readFileSync(file), blockMapSize }
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

export class UpdateFeedServer implements AsyncDisposable {
  readonly served = new Map<string, Buffer>()
  readonly asked: IncomingMessage[] = []
  /** Longer files are cut off after so many bytes. */
  cutAfter: number | undefined
  /** What is cut off is not ended: nothing more comes. */
  isSilent = false
  /** Whether it gives parts of a file, as most servers do. */
  knowsRanges = true
  sentBytes = 0
  readonly #server: Server

  private constructor() {
    this.#server = createServer((incoming, answer) => {
      this.asked.push(incoming)
      const body = this.served.get(new URL(incoming.url ?? '', 'http://feed').pathname)
      if (!body) return void answer.writeHead(404).end()
      const range = this.knowsRanges ? /^bytes=(\d+)-(\d+)$/.exec(incoming.headers.range ?? '') : null
      const part = range ? body.subarray(Number(range[1]), Number(range[2]) + 1) : body
      this.sentBytes += part.length
      answer.writeHead(range ? 206 : 200, { 'content-length': part.length })
      if (this.cutAfter === undefined || part.length <= this.cutAfter) return void answer.end(part)
      answer.write(part.subarray(0, this.cutAfter), () => this.isSilent || answer.destroy())
    })
  }

  static async open(): Promise<UpdateFeedServer> {
    const feed = new UpdateFeedServer()
    feed.#server.listen(0, '127.0.0.1')
    await once(feed.#server, 'listening')
    return feed
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  publish(
    version: string,
    content: string | Buffer,
    { key = ours.privateKey, file, told, blockMapSize }: Publishing = {},
  ): void {
    const claimed = told ?? content
    const name = file ?? `Flotilla-${version}.AppImage`
    const sha512 = createHash('sha512').update(claimed).digest('base64')
    const metadata = Buffer.from(
      `version: ${version}\nfiles:\n  - url: ${name}\n    sha512: ${sha512}\n    size: ${claimed.length}\n${blockMapSize === undefined ? '' : `    blockMapSize: ${blockMapSize}\n`}releaseDate: '2026-01-01T00:00:00.000Z'\n`,
    )
    this.served.set(metadataName, metadata)
    this.served.set(`${metadataName}.sig`, Buffer.from(sign(null, metadata, key).toString('base64')))
    this.served.set(`/Flotilla-${version}.AppImage`, Buffer.from(content))
  }

  /** @param folder for what an installation of this version keeps */
  source(version: string, folder: string, patienceMs?: number): UpdateSource {
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
      feed: parseFeed(JSON.stringify({ url: this.url, keys: [pem(ours.publicKey)] })),
      folder,
      extension: '.AppImage',
      log: () => undefined,
      ...(patienceMs === undefined ? {} : { patienceMs }),
      parts: { app, httpExecutor: new NodeExecutor() },
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
