// Where electron-updater learns of a version: from the feed's signed metadata, and from nothing else.
import type { CustomPublishOptions, UpdateInfo } from 'builder-util-runtime'
import { Provider, type ResolvedUpdateFileInfo } from 'electron-updater'
import type { ProviderRuntimeOptions } from 'electron-updater/out/providers/Provider.js'
import type { UpdateFeed } from './feed.ts'
import { whileItMoves } from './patience.ts'
import { type Release, openRelease } from './release.ts'

export interface SignedProviderOptions extends CustomPublishOptions {
  readonly feed: UpdateFeed
  readonly patienceMs: number
  readonly onRelease: (release: Release) => void
}

export class SignedProvider extends Provider<UpdateInfo> {
  readonly #options: SignedProviderOptions
  #release: Release | undefined

  constructor(options: SignedProviderOptions, _updater: unknown, runtime: ProviderRuntimeOptions) {
    super(runtime)
    this.#options = options
  }

  /** electron-updater would send a number that tells installations apart. */
  override setRequestHeaders(): void {
    super.setRequestHeaders(null)
  }

  /** Blocks are asked for one after the other: few servers answer for several at once, and none would tell how far it is. */
  override get isUseMultipleRangeRequest(): boolean {
    return false
  }

  override async getLatestVersion(): Promise<UpdateInfo> {
    const { feed, patienceMs, onRelease } = this.#options
    const name = `${this.getDefaultChannelName()}.yml`
    const read = async (file: string) =>
      (await whileItMoves(patienceMs, token => this.httpRequest(new URL(file, feed.url), null, token))) ?? ''
    const release = openRelease(feed, await read(name), await read(`${name}.sig`))
    this.#release = release
    onRelease(release)
    const { version, releaseDate, notes } = release
    return { version, releaseDate, releaseNotes: notes ?? null, files: [], path: '', sha512: '' }
  }

  override resolveFiles(): ResolvedUpdateFileInfo[] {
    const files = this.#release?.files ?? []
    return files.map(({ url, ...file }) => ({ url, info: { ...file, url: url.href } }))
  }
}
