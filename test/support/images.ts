// Container images for tests, made of this machine's own files: no registry can be reached.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const BUSYBOX = '/bin/busybox'

const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8' }).trim()

/**
 * @param fill the folder that becomes the image
 * @param changes of its configuration, as `docker import` takes them
 * @returns the image's name; built where there is none of that name
 */
export function importImage(name: string, fill: (root: string) => void, ...changes: string[]): string {
  if (run('docker', 'image', 'ls', '-q', name) !== '') return name
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-image-'))
  const [root, archive] = [join(folder, 'root'), join(folder, 'image.tar')]
  try {
    mkdirSync(root)
    fill(root)
    run('tar', '-C', root, '--owner=0', '--group=0', '-cf', archive, '.')
    run('docker', 'import', ...changes.flatMap(change => ['--change', change]), archive, name)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return name
}

/** Links of the usual small programs, and what they are in. */
export function linkApplets(root: string): void {
  mkdirSync(join(root, 'bin'), { recursive: true })
  mkdirSync(join(root, 'etc'), { recursive: true })
  mkdirSync(join(root, 'tmp'), { recursive: true })
  chmodSync(join(root, 'tmp'), 0o1777)
  for (const applet of run(BUSYBOX, '--list').split('\n'))
    if (applet !== 'busybox') symlinkSync(BUSYBOX, join(root, 'bin', applet))
}

export function layBusybox(root: string): void {
  linkApplets(root)
  copyFileSync(BUSYBOX, join(root, BUSYBOX))
}

/** @returns a tag that is another one for other files */
export function tagOf(edition: string, files: readonly string[]): string {
  const hash = createHash('sha256').update(edition)
  for (const file of files) hash.update(file).update(readFileSync(file))
  return hash.digest('hex').slice(0, 12)
}

/** @returns an image with a shell and the usual small programs; built once per content */
export const busyboxImage = (): string =>
  importImage(
    `flotilla-test/busybox:${tagOf('2', [BUSYBOX])}`,
    root => {
      layBusybox(root)
      for (const path of ['www', 'proc', 'sys', 'dev']) mkdirSync(join(root, path))
    },
    'ENV PATH=/bin',
    'CMD ["/bin/sh"]',
  )
