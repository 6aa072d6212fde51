// An image with a real curl and a shell.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BUSYBOX, importImage, linkApplets, tagOf } from '../../support/images.ts'

const PROGRAMS = ['/usr/bin/curl', '/usr/bin/dig', BUSYBOX]
/** Loaded by name at run time, so ldd does not list them. */
const PLUGINS = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2']

function librariesOf(program: string): string[] {
  if (program === BUSYBOX) return []
  const listed = execFileSync('ldd', [program], { encoding: 'utf8' })
  return [...listed.matchAll(/(\/\S+) \(0x/g)].map(match => match[1] ?? '')
}

/** @returns the image's name; built once per content */
export function clientImage(): string {
  const libraries = [...new Set(PROGRAMS.flatMap(librariesOf))]
  const folder = dirname(libraries.find(path => path.includes('libc.so')) ?? '/lib/x86_64-linux-gnu/libc.so.6')
  const files = [...PROGRAMS, ...libraries, ...PLUGINS.map(name => join(folder, name))]
  return importImage(`flotilla-test/client:${tagOf('3', files)}`, root => {
    for (const file of files) {
      mkdirSync(join(root, dirname(file)), { recursive: true })
      cpSync(realpathSync(file), join(root, file))
    }
    linkApplets(root)
  })
}
