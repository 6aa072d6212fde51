// electron-updater, set up to look and to download when it is asked to, and to do nothing by itself.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CancellationToken, HttpExecutor } from 'builder-util-runtime'
import { AppImageUpdater } from 'electron-updater'
import type { UpdateFeed } from './feed.ts'
import { PATIENCE_MS, whileItMoves } from './patience.ts'
import { SignedProvider, type SignedProviderOptions } from './provider.ts'
import type { Release, ReleaseFile } from './release.ts'

/** A newer version, and the file of it that is for this installation. */
export interface Found {
  readonly release: Release
  readonly file: ReleaseFile
}

export interface UpdateSource {
  /** @returns undefined when there is nothing newer. @throws Error when the feed cannot be read or is not to be trusted */
  look(): Promise<Found | undefined>
  /** Downloads what was found last. @returns its path; its hash is the signed one */
  download(onPercent: (percent: number) => void): Promise<string>
}

export interface SourceOptions {
  readonly feed: UpdateFeed
  /** Where electron-updater finds how to call its cache. */
  readonly folder: string
  /** `.AppImage`, `.deb`, … */
  readonly extension: string
  readonly log: (line: string) => void
  /** How long nothing may come before a look or a download fails. */
  readonly patienceMs?: number
  /** Instead of Electron's own: what the app is, and how it asks the network. */
  readonly parts?: { readonly app: object; readonly httpExecutor: object }
}

interface BlockRequest {
  abort(): void
  end(data?: Buffer): void
  emit(event: 'aborted'): boolean
}

class Updater extends AppImageUpdater {
  declare readonly httpExecutor: HttpExecutor<BlockRequest>

  /** What is asked for by blocks ends with the token, which electron-updater does not see to. */
  async downloadUnlessCancelled(token: CancellationToken): Promise<string | undefined> {
    const { httpExecutor } = this
    const { createRequest } = httpExecutor
    let last: BlockRequest | undefined
    httpExecutor.createRequest = (options, callback) =>
      (last = createRequest.call(httpExecutor, options, callback) as BlockRequest)
    token.once('cancel', () => {
      last?.abort()
      // Electron's own name for it is one that electron-updater does not listen to.
      last?.emit('aborted')
    })
    try {
      return (await this.downloadUpdate(token))[0]
    } finally {
      httpExecutor.createRequest = createRequest
    }
  }

  /** Whether it looks is decided elsewhere: also a version that cannot install itself may. */
  override isUpdaterActive(): boolean {
    return true
  }
}

export function openSource(options: SourceOptions): UpdateSource {
  const { feed, folder, extension, log, parts, patienceMs = PATIENCE_MS } = options
  const updater = new Updater(undefined, parts?.app)
  if (parts) Object.assign(updater, { httpExecutor: parts.httpExecutor })
  mkdirSync(folder, { recursive: true })
  const config = join(folder, 'app-update.yml')
  writeFileSync(config, 'provider: custom\nupdaterCacheDirName: flotilla-updater\n')
  updater.updateConfigPath = config
  updater.autoDownload = false
  updater.autoInstallOnAppQuit = false
  updater.allowDowngrade = false
  updater.isUserWithinRollout = () => true
  const complain = (message?: unknown) => log(`updates: ${String(message)}`)
  updater.logger = { info: () => undefined, warn: complain, error: complain }
  let release: Release | undefined
  const provided: SignedProviderOptions = {
    provider: 'custom',
    updateProvider: SignedProvider as NonNullable<SignedProviderOptions['updateProvider']>,
    feed,
    patienceMs,
    onRelease: read => (release = read),
  }
  updater.setFeedURL(provided)

  return {
    async look() {
      const result = await updater.checkForUpdates()
      if (!result?.isUpdateAvailable || !release) return undefined
      const file = release.files.find(({ url }) => url.pathname.endsWith(extension))
      if (!file) throw new Error(`version ${release.version} is not published as ${extension}`)
      updater.disableDifferentialDownload = file.blockMapSize === undefined
      return { release, file }
    },
    download: onPercent =>
      whileItMoves(patienceMs, async (token, moved) => {
        const tell = ({ percent }: { percent: number }) => {
          moved()
          onPercent(Math.floor(percent))
        }
        updater.on('download-progress', tell)
        try {
          const path = await updater.downloadUnlessCancelled(token)
          if (path === undefined) throw new Error('nothing was downloaded')
          return path
        } finally {
          updater.off('download-progress', tell)
        }
      }),
  }
}
