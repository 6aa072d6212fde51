// The parts of updates, put together for this installation; looking once a day where the user wants that.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { appImage } from '../app-image.ts'
import { type UpdateFeed, readFeed } from './feed.ts'
import type { UpdateSource } from './source.ts'
import { TrialFile } from './trial.ts'
import { Updates, type UpdatesOptions } from './updates.ts'

interface Installation {
  /** Of the file that installs this version elsewhere as it is here. */
  readonly extension: string
  /** Only an AppImage is a file that the app itself can replace. */
  readonly program: string | undefined
}

/** @param resources the folder beside the program that packages put their kind into */
export function installation(platform: NodeJS.Platform, env: NodeJS.ProcessEnv, resources: string): Installation {
  if (platform === 'darwin') return { extension: '.dmg', program: undefined }
  if (platform === 'win32') return { extension: '.exe', program: undefined }
  const program = appImage(env)
  if (program) return { extension: '.AppImage', program }
  try {
    return { extension: `.${readFileSync(join(resources, 'package-type'), 'utf8').trim()}`, program: undefined }
  } catch {
    return { extension: '.AppImage', program: undefined }
  }
}

export interface CreateUpdatesOptions extends Pick<
  UpdatesOptions,
  'version' | 'args' | 'stop' | 'release' | 'exit' | 'onStatus' | 'log'
> {
  /** Where a published build says where it is published. */
  readonly feedPath: string
  /** For what is kept between starts. */
  readonly folder: string
}

function tryFeed(path: string, log: (line: string) => void): UpdateFeed | undefined {
  try {
    return readFeed(path)
  } catch (error) {
    log(`updates are off: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

/** electron-updater is loaded when somebody looks, not at each start. */
function lazily(open: () => Promise<UpdateSource>): UpdateSource {
  let opened: Promise<UpdateSource> | undefined
  const source = () => (opened ??= open())
  return {
    look: async () => (await source()).look(),
    download: async onPercent => (await source()).download(onPercent),
  }
}

export function createUpdates({ feedPath, folder, log, ...rest }: CreateUpdatesOptions): Updates {
  const feed = tryFeed(feedPath, log)
  const { extension, program } = installation(process.platform, process.env, process.resourcesPath)
  return new Updates({
    ...rest,
    log,
    program,
    trial: new TrialFile(join(folder, 'trial.json')),
    source: feed && lazily(async () => (await import('./source.ts')).openSource({ feed, folder, extension, log })),
  })
}

const HOUR_MS = 3_600_000

/** Looks soon after the start and then once a day, while `wanted` says so. */
export function lookDaily(updates: Updates, wanted: () => boolean): Disposable {
  let hours = 23
  const timer = setInterval(() => {
    hours++
    if (hours < 24 || !wanted()) return
    hours = 0
    if (updates.status.state !== 'downloaded') void updates.look()
  }, HOUR_MS)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
