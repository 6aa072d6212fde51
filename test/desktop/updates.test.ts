// Updates of the app: put in place, on trial, and taken back. The versions are small programs out of a feed on loopback;
// the whole app goes through the same in `npm run torture -- package`.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { appImage } from '../../src/main/desktop/app-image.ts'
import { blameFor } from '../../src/main/desktop/updates/blame.ts'
import { installation, lookDaily } from '../../src/main/desktop/updates/create-updates.ts'
import { TrialFile } from '../../src/main/desktop/updates/trial.ts'
import { Updates, type UpdatesOptions } from '../../src/main/desktop/updates/updates.ts'
import { eventually } from '../support/eventually.ts'
import { UpdateFeedServer } from './support/update-feed.ts'

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

describe('Updates', () => {
  const program = () => join(folder, 'Flotilla.AppImage')
  const trial = () => new TrialFile(join(folder, 'trial.json'))
  /** A program of that version: writes down that it started, then behaves. */
  const version = (name: string, behaviour = '') =>
    `#!/bin/sh\necho ${name} "$@" >> "${folder}/started"\n${behaviour.replace('STAYS', stays())}\n`
  /** Until the test is over. */
  const stays = () => `while [ -e "${folder}/started" ]; do sleep 0.1; done`
  /** Whole or not at all, as the program does it. */
  const writes = (text: string) =>
    `echo '${text}' > "${folder}/written"; mv "${folder}/written" "${folder}/trial.json"; STAYS`
  const getsReady = () => `rm "${folder}/trial.json"; STAYS`
  const started = () => (existsSync(join(folder, 'started')) ? readFileSync(join(folder, 'started'), 'utf8') : '')
  let steps: string[]
  let updates: Updates

  function open(changes: Partial<UpdatesOptions> = {}) {
    return new Updates({
      version: '0.1.0',
      source: feed.source('0.1.0', folder),
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
    feed.publish('0.2.0', content)
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

  it('shows a window again, also where the app was started without one', async () => {
    updates = open({ args: ['--hidden', '--data-dir', '/data'] })
    await update(version('new', 'exit 3'))
    await eventually(() => started() === 'new --data-dir /data\nold --data-dir /data\n')
  })

  it.each([
    ['ends while it starts', 'exit 3', 'it ended while it started (code 3)'],
    ['is killed', 'kill -9 $$', 'it ended while it started (SIGKILL)'],
    ['says that its cluster does not start', 'FAIL', 'its cluster did not start'],
    ['is never ready', 'STAYS', 'it was not ready within 1 s'],
    ['writes down what cannot be read', 'WRONG', 'it was not ready within 1 s'],
  ])('takes a version back that %s, and does not offer it again', async (_what, behaviour, reason) => {
    updates = open({ readyMs: reason.includes('1 s') ? 1_000 : 10_000 })
    const failed = JSON.stringify({
      from: '0.1.0',
      to: '0.2.0',
      program: program(),
      state: 'failed',
      starts: 1,
      reason,
    })
    await update(version('new', behaviour.replace('FAIL', writes(failed)).replace('WRONG', writes('half of'))))
    await eventually(() => started() === 'new --data-dir /data\nold --data-dir /data\n')
    expect(readFileSync(program(), 'utf8')).toContain('echo old')
    const again = open()
    expect(again.begin()).toBe(true)
    expect(again.status.takenBack).toEqual({ version: '0.2.0', reason })
    expect(await again.look()).toMatchObject({ state: 'none' })
    feed.publish('0.2.1', version('newer'))
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

  it('goes on as it was when what became of it cannot be written down', async () => {
    const full = new (class extends TrialFile {
      override set(): void {
        throw new Error('no space left')
      }
    })(join(folder, 'trial.json'))
    updates = open({ trial: full })
    await update(version('new'))
    await eventually(() => started() === 'old --data-dir /data\n')
    expect(steps).toEqual(['stopped with the old one there', 'released', 'exit 0'])
  })

  it('ends when the version before is gone, and does not stay without a cluster', async () => {
    await update(version('new', `rm "${folder}/.Flotilla.AppImage.previous"; exit 3`))
    expect(steps).toEqual(['stopped with the old one there', 'released', 'exit 1'])
  })

  it('does not write through a link that lies where the new version is put', async () => {
    writeFileSync(join(folder, 'precious'), 'precious')
    symlinkSync(join(folder, 'precious'), join(folder, '.Flotilla.AppImage.next'))
    await update(version('new', getsReady()))
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('precious')
    expect(readFileSync(program(), 'utf8')).toContain('echo new')
  })

  it('does not install a file that was changed after it was downloaded', async () => {
    feed.publish('0.2.0', version('new'))
    await updates.look()
    await updates.download()
    writeFileSync(join(folder, 'cache/flotilla-updater/pending/Flotilla-0.2.0.AppImage'), version('evil'))
    await updates.install()
    expect(updates.status).toMatchObject({
      state: 'failed',
      message: 'the downloaded file is not the one that was signed',
    })
    expect(steps).toEqual([])
    expect(beside()).toEqual([])
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

    it('goes on when the one before is gone', () => {
      rmSync(join(folder, '.Flotilla.AppImage.previous'))
      trial().set({ from: '0.1.0', to: '0.2.0', program: program(), state: 'starting', starts: 2 })
      expect(start().begin()).toBe(true)
      expect(trial().current).toBeUndefined()
    })

    it('is not taken for one that lies elsewhere', () => {
      trial().set({ from: '0.1.0', to: '0.2.0', program: '/elsewhere', state: 'starting', starts: 2 })
      expect(start().begin()).toBe(true)
      expect(trial().current).toBeUndefined()
      expect(steps).toEqual([])
    })

    it('is not blamed for what the one before would meet as well', () => {
      const taken = { kind: 'port-in-use', message: 'the port is taken', detail: '' } as const
      for (let times = 0; times < 5; times++) {
        const running = start()
        expect(running.begin()).toBe(true)
        running.notReady(blameFor(taken))
        running.notReady(blameFor(taken))
        expect(trial().current).toMatchObject({ state: 'undecided', starts: 0 })
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
    expect(feed.asked).toEqual([])
    feed.publish('0.2.0', 'new')
    const packaged = open({ program: undefined })
    expect(await packaged.look()).toMatchObject({ state: 'found', found: { installs: false } })
    expect(packaged.page).toBe(`${feed.url}Flotilla-0.2.0.AppImage`)
    writeFileSync(join(folder, 'package-type'), 'deb\n')
    expect(installation('linux', {}, folder)).toEqual({ extension: '.deb', program: undefined })
    expect(installation('linux', { APPIMAGE: '/a' }, folder)).toEqual({ extension: '.AppImage', program: '/a' })
  })

  it('leaves the file of an AppImage alone that has only started it', () => {
    const elsewhere = join(folder, 'elsewhere')
    mkdirSync(elsewhere)
    const env = { APPIMAGE: '/terminal.AppImage', APPDIR: elsewhere }
    expect(installation('linux', env, folder).program).toBeUndefined()
    expect(appImage(env, join(realpathSync(elsewhere), 'flotilla'))).toBe('/terminal.AppImage')
    expect(appImage({ ...env, APPDIR: join(folder, 'gone') })).toBeUndefined()
  })

  it('are looked for once a day while that is wanted', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const look = vi.spyOn(updates, 'look').mockResolvedValue(updates.status)
    let isWanted = false
    const hours = (count: number) => vi.advanceTimersByTime(count * 3_600_000)
    try {
      using _looking = lookDaily(updates, () => isWanted)
      hours(48)
      expect(look).not.toHaveBeenCalled()
      isWanted = true
      hours(1)
      expect(look).toHaveBeenCalledTimes(1)
      hours(23)
      expect(look).toHaveBeenCalledTimes(1)
      hours(1)
      expect(look).toHaveBeenCalledTimes(2)
    } finally {
      vi.useRealTimers()
    }
  })
})
