// A folder of a container, as its own `find` and `stat` tell it: names may hold anything but `/`, and cannot deceive.
import { t } from '../i18n/i18n.ts'

export type FileKind = 'folder' | 'file' | 'link' | 'other'

export interface FileEntry {
  readonly name: string
  readonly kind: FileKind
  /** As `ls` shows them: `rwxr-xr-x`. */
  readonly permissions: string
  readonly sizeBytes: number
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number
  /** `user:group`, by number where the container knows no name. */
  readonly owner: string
}

/**
 * A path comes in as `$1`, never as text of the script. Each entry is a record
 * `/mode size time uid gid ./name/user/group/`: a name holds no slash, so that no name can forge a record.
 */
export const LIST = [
  'sh',
  '-c',
  'cd -- "$1" && pwd && exec find . -mindepth 1 -maxdepth 1 -exec stat -c "/%f %s %Y %u %g %n/%U/%G/" {} +',
  'sh',
] as const

const RECORD = /\/([0-9a-f]+) (\d+) (-?\d+) (\d+) (\d+) \.\/([^/]+)\/([^/]*)\/([^/]*)\/\n/g

/** Some thirty thousand files; of a folder with more, the first ones are shown. */
export const MOST_LISTED_BYTES = 2 << 20

/** What a date can hold; a file system may hold more. */
const MOST_MS = 8.64e15

const TYPE_MASK = 0o170000
const KINDS: Readonly<Record<number, FileKind>> = { 0o040000: 'folder', 0o100000: 'file', 0o120000: 'link' }

const permissionsOf = (mode: number): string => {
  const bits = [...'rwxrwxrwx'].map((letter, at) => (mode & (0o400 >> at) ? letter : '-'))
  const special = (bit: number, at: number, letter: string) => {
    if (mode & bit) bits[at] = bits[at] === 'x' ? letter : letter.toUpperCase()
  }
  special(0o4000, 2, 's')
  special(0o2000, 5, 's')
  special(0o1000, 8, 't')
  return bits.join('')
}

const nameOr = (name = '', id = ''): string => (name === '' || name === 'UNKNOWN' ? id : name)

/** The first line is the folder itself, with links resolved as the shell does; a path may hold line ends. */
export function parseListing(output: string): { readonly path: string; readonly entries: readonly FileEntry[] } {
  const first = output.search(/\n\/[0-9a-f]+ \d+ -?\d+ \d+ \d+ \.\//)
  const path = (first < 0 ? output.replace(/\n$/, '') : output.slice(0, first)) || '/'
  const entries = [...output.slice(first < 0 ? output.length : first + 1).matchAll(RECORD)].map(
    ([, mode = '0', size, time, uid, gid, name = '', user, group]): FileEntry => {
      const bits = Number.parseInt(mode, 16)
      return {
        name,
        kind: KINDS[bits & TYPE_MASK] ?? 'other',
        permissions: permissionsOf(bits),
        sizeBytes: Number(size),
        modifiedAt: Math.max(-MOST_MS, Math.min(Number(time) * 1000, MOST_MS)),
        owner: `${nameOr(user, uid)}:${nameOr(group, gid)}`,
      }
    },
  )
  return { path, entries: entries.sort(byKindAndName) }
}

const byKindAndName = (a: FileEntry, b: FileEntry) =>
  Number(b.kind === 'folder') - Number(a.kind === 'folder') || a.name.localeCompare(b.name)

export const joinPath = (folder: string, name: string): string =>
  folder.endsWith('/') ? folder + name : `${folder}/${name}`

export const parentOf = (path: string): string => path.replace(/\/[^/]*\/?$/, '') || '/'

/** Control characters and those that turn the direction of writing would lie about a name. */
export const shownName = (name: string): string =>
  name.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, '\ufffd')

/** Files are saved under names that no file system takes for a path or a device. */
export const savedName = (name: string): string =>
  shownName(name)
    .replace(/[/\\:*?"<>|\ufffd]/g, '_')
    .replace(/^\.+$/, '_') || 'file'

const LACKS = /(?:^|[\s:"])(\w+)"?: (?:executable file |command )?not found/

/** What shells and runtimes end with when a program is not there or cannot be run. */
const NO_PROGRAM = new Set<number | undefined>([126, 127])

/** Why a folder cannot be listed, in words that say what to do. Docker tells of a missing shell by the code alone. */
export function explainFailure(message: string, exitCode?: number): { text: string; lacksTools: boolean } {
  const tool = LACKS.exec(message)?.[1] ?? (NO_PROGRAM.has(exitCode) ? 'sh' : undefined)
  return tool
    ? {
        text: t('The image of this container has no “{tool}”, so its files cannot be read from inside.', { tool }),
        lacksTools: true,
      }
    : { text: message.replace(/^sh: (\w+: )?(line \d+: |\d+: )?/, ''), lacksTools: false }
}
