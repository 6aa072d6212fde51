// An image that counts aloud: made of this machine's busybox, since nothing can be pulled in tests.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const NAME = 'flotilla-test/counter:1'
const SCRIPT =
  'trap "exit 0" TERM; i=0; while true; do i=$((i+1)); echo "count $i from $HOSTNAME"; sleep 0.5 & wait $!; done'

const run = (command: string, args: string[]) => execFileSync(command, args, { encoding: 'utf8' })

/** @returns the image's name; built once */
export function counterImage(): string {
  if (run('docker', ['images', '-q', NAME]).trim()) return NAME
  const root = mkdtempSync(join(tmpdir(), 'flotilla-image-'))
  try {
    for (const folder of ['bin', 'tmp', 'etc']) mkdirSync(join(root, 'fs', folder), { recursive: true })
    cpSync('/bin/busybox', join(root, 'fs/bin/busybox'))
    run('chroot', [join(root, 'fs'), '/bin/busybox', '--install', '-s', '/bin'])
    run('tar', ['-C', join(root, 'fs'), '-cf', join(root, 'image.tar'), '.'])
    run('docker', [
      'import',
      '--change',
      `CMD ${JSON.stringify(['/bin/sh', '-c', SCRIPT])}`,
      join(root, 'image.tar'),
      NAME,
    ])
    return NAME
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
