// An image with a real curl and a shell, made of this machine's own files: nothing can be pulled in tests.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const PROGRAMS = ['/usr/bin/curl', '/usr/bin/dig', '/bin/busybox']
/** Loaded by name at run time, so ldd does not list them. */
const PLUGINS = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2']

const run = (command: string, args: string[]) => execFileSync(command, args, { encoding: 'utf8' })

function librariesOf(program: string): string[] {
  if (program.endsWith('busybox')) return []
  return [...run('ldd', [program]).matchAll(/(\/\S+) \(0x/g)].map(match => match[1] ?? '')
}

/** @returns the image's name; built once per content */
export function clientImage(): string {
  const libraries = [...new Set(PROGRAMS.flatMap(librariesOf))]
  const folder = dirname(libraries.find(path => path.includes('libc.so')) ?? '/lib/x86_64-linux-gnu/libc.so.6')
  const files = [...PROGRAMS, ...libraries, ...PLUGINS.map(name => join(folder, name))]
  const hash = createHash('sha256').update('2')
  for (const file of files) hash.update(file).update(readFileSync(file))
  const name = `flotilla-test/client:${hash.digest('hex').slice(0, 12)}`
  if (run('docker', ['images', '-q', name]).trim()) return name
  const root = mkdtempSync(join(tmpdir(), 'flotilla-image-'))
  try {
    for (const file of files) {
      mkdirSync(join(root, dirname(file)), { recursive: true })
      cpSync(realpathSync(file), join(root, file))
    }
    mkdirSync(join(root, 'tmp'), { mode: 0o1777 })
    mkdirSync(join(root, 'etc'), { recursive: true })
    mkdirSync(join(root, 'bin'), { recursive: true })
    for (const applet of run('/bin/busybox', ['--list']).trim().split('\n'))
      if (applet !== 'busybox') symlinkSync('/bin/busybox', join(root, 'bin', applet))
    const archive = join(root, '..', `client-${process.pid}.tar`)
    run('tar', ['-C', root, '-cf', archive, '.'])
    run('docker', ['import', archive, name])
    rmSync(archive)
    return name
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
