// Container images for tests, made of this machine's own busybox: no registry can be reached.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const BUSYBOX = '/bin/busybox'

const docker = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8' }).trim()

/** @returns an image with a shell and the usual small programs; built once per content */
export function busyboxImage(): string {
  const hash = createHash('sha256').update('1').update(readFileSync(BUSYBOX)).digest('hex').slice(0, 12)
  const name = `flotilla-test/busybox:${hash}`
  if (docker('image', 'ls', '-q', name) !== '') return name
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-image-'))
  try {
    for (const path of ['bin', 'etc', 'tmp', 'www', 'proc', 'sys', 'dev']) mkdirSync(join(folder, path))
    copyFileSync(BUSYBOX, join(folder, 'bin', 'busybox'))
    const applets = execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean)
    for (const applet of applets)
      if (applet !== 'busybox') execFileSync('ln', ['-sf', '/bin/busybox', join(folder, 'bin', applet)])
    const tar = execFileSync('tar', ['-C', folder, '--owner=0', '--group=0', '-c', '.'], { maxBuffer: 64 << 20 })
    const change = ['--change', 'ENV PATH=/bin', '--change', 'CMD ["/bin/sh"]']
    execFileSync('docker', ['import', ...change, '-', name], { input: tar })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return name
}
